import { describe, expect, it } from "vitest";
import { gid } from "../plans/stage.ts";
import { operator } from "../recoveries/stage.ts";
import { configure, fields, plain, playOnStage, rules, sql, stage, vm, vmId } from "./vm-settings-stage.ts";

playOnStage();

describe("a VM's recovery settings", () => {
  it("stay with their version, without an event, where nothing differs", async () => {
    const shape = "vm { recoverySettings { version } }";
    const same = (input: object, version: number) =>
      stage.same("configureVmRecoverySettings", { vmId, ...input }, shape, { vm: { recoverySettings: { version } } });
    await same({}, 0);
    await same({ priority: null, skipGuestShutdown: false, prePowerOnCommands: [], dependsOnVmIds: [] }, 0);
    const input = {
      priority: "LOW",
      readyCheck: { type: "TCP", port: 22 },
      dependsOnVmIds: [vm("vm-4")],
      ...rules({ nicIndex: 0, targetIp: "FD00:0::2", prefixLength: 64 }),
      prePowerOnCommands: [{ command: "/scripts/pre-start.sh", arguments: ["-x"] }],
    };
    await configure(input);
    await same({ ...input, expectedVersion: 1 }, 1);
    await stage.refused("configureVmRecoverySettings", { vmId, ...input, expectedVersion: 0 }, { code: "CONFLICT", version: 1 });
  });

  it("take all that the reference has, IPv4 and IPv6", async () => {
    const settings = await configure({
      expectedVersion: 0,
      priority: "LOW",
      startupDelaySeconds: 60,
      shutdownDelaySeconds: 120,
      skipGuestShutdown: true,
      powerOnAfterRecovery: false,
      readyCheck: { type: "HTTP", timeoutSeconds: 30, port: 8080, target: "/health" },
      dependsOnVmIds: [vm("vm-4")],
      ...rules(
        {
          nicIndex: 0,
          sourceIp: "10.0.1.100",
          targetIp: "10.0.2.100",
          targetSubnetMask: "255.255.255.0",
          targetGateway: "10.0.2.1",
          targetDnsServers: ["10.0.2.10", "fd00::0a"],
          targetDnsSuffix: "recovery.example.com",
        },
        { sourceIp: "10.0.1.101", targetIp: "FD00:0::2", prefixLength: 64, targetGateway: "fd00::1" },
        { nicIndex: 2 },
      ),
      prePowerOnCommands: [{ command: "/scripts/pre-start.sh", timeoutSeconds: 120 }],
      postPowerOnCommands: [
        {
          command: "C:\\scripts\\post-start.bat",
          arguments: ["/q", ""],
          rerunnable: true,
          runInGuest: true,
          guestCredentials: { username: "administrator", passwordSecretId: "secret-001" },
        },
      ],
    });
    const rule = { nicIndex: null, sourceIp: null, targetIp: null, prefixLength: null, targetSubnetMask: null, targetGateway: null };
    expect(settings).toEqual({
      priority: "LOW",
      prioritySource: "VM",
      startupDelaySeconds: 60,
      startupDelaySource: "VM",
      shutdownDelaySeconds: 120,
      shutdownDelaySource: "VM",
      skipGuestShutdown: true,
      powerOnAfterRecovery: false,
      readyCheck: "HTTP",
      readyTimeoutSeconds: 30,
      readyPort: 8080,
      readyTarget: "/health",
      ipCustomizationEnabled: true,
      ipCustomizationRules: [
        {
          nicIndex: 0,
          sourceIp: "10.0.1.100",
          targetIp: "10.0.2.100",
          prefixLength: 24,
          targetSubnetMask: "255.255.255.0",
          targetGateway: "10.0.2.1",
          targetDnsServers: ["10.0.2.10", "fd00::a"],
          targetDnsSuffix: "recovery.example.com",
        },
        {
          ...rule,
          sourceIp: "10.0.1.101",
          targetIp: "fd00::2",
          prefixLength: 64,
          targetGateway: "fd00::1",
          targetDnsServers: [],
          targetDnsSuffix: null,
        },
        { ...rule, nicIndex: 2, targetDnsServers: [], targetDnsSuffix: null },
      ],
      commands: [
        {
          phase: "PRE_POWER_ON",
          command: "/scripts/pre-start.sh",
          arguments: [],
          timeoutSeconds: 120,
          rerunnable: false,
          runInGuest: false,
          guestUsername: null,
          passwordSecretId: null,
        },
        {
          phase: "POST_POWER_ON",
          command: "C:\\scripts\\post-start.bat",
          arguments: ["/q", ""],
          timeoutSeconds: 300,
          rerunnable: true,
          runInGuest: true,
          guestUsername: "administrator",
          passwordSecretId: "secret-001",
        },
      ],
      dependsOnVms: [{ name: "vm-4" }],
      version: 1,
    });
    expect(await stage.untold({ kind: "VM_CHANGED", id: stage.vmIds.get("vm-1"), change: "UPDATED" })).toEqual([]);
  });

  it("tell of the VMs that nothing depends on any more, and of those that something does now, since they can be removed or not", async () => {
    const changed = async () => {
      const text = "SELECT payload ->> 'name' AS name FROM event WHERE kind = 'VM_CHANGED' ORDER BY position";
      const { rows } = await sql(text);
      return rows.map(({ name }) => name);
    };
    await configure({ dependsOnVmIds: [vm("vm-3"), vm("vm-4")] });
    expect((await changed()).toSorted()).toEqual(["vm-1", "vm-3", "vm-4"]);
    await configure({ priority: "LOW" });
    await configure({ dependsOnVmIds: [vm("vm-4"), vm("vm-6")] });
    expect((await changed()).slice(3)).toEqual(["vm-1", "vm-1", "vm-3", "vm-6"]);
  });

  it("keep what a request leaves out, and go back to the defaults with null", async () => {
    const all = {
      priority: "LOW",
      startupDelaySeconds: 5,
      shutdownDelaySeconds: 6,
      skipGuestShutdown: true,
      powerOnAfterRecovery: false,
      readyCheck: { type: "TCP", port: 22 },
      dependsOnVmIds: [vm("vm-4")],
      ...rules({ nicIndex: 0 }),
      prePowerOnCommands: [{ command: "a.sh" }],
      postPowerOnCommands: [{ command: "b.sh" }],
    };
    const first = await configure({ ...all, priority: "NORMAL" });
    expect(await configure({})).toEqual(first);
    expect(await configure({ startupDelaySeconds: 7 })).toEqual({ ...first, startupDelaySeconds: 7, version: 2 });
    expect(await configure({ ipCustomization: { enabled: false } })).toMatchObject({
      ipCustomizationEnabled: false,
      ipCustomizationRules: [{ nicIndex: 0 }],
      version: 3,
    });
    const nothing = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    expect(await configure(nothing)).toEqual({ ...plain, version: 4 });
  });

  it("show in the light of a plan where each value comes from", async () => {
    await sql("UPDATE recovery_plan SET default_vm_priority = 'LOW', default_startup_delay_seconds = 9");
    await configure({ priority: "HIGHEST" });
    const planId = gid("RecoveryPlan", stage.planId);
    const answer = await stage.ask(
      `query ($vm: ID!, $plan: ID!) { vm(id: $vm) { recoverySettings(planId: $plan) { ${fields} } }
        recoveryPlan(id: $plan) { vmRecoverySettings(first: 1) { totalCount nodes { vm { name } ${fields} } } } }`,
      { vm: vmId, plan: planId },
    );
    const expected = {
      ...plain,
      priority: "HIGHEST",
      prioritySource: "VM",
      startupDelaySeconds: 9,
      startupDelaySource: "PLAN",
      shutdownDelaySource: "PLAN",
      version: 1,
    };
    expect(answer.vm.recoverySettings).toEqual(expected);
    expect(answer.recoveryPlan.vmRecoverySettings).toEqual({ totalCount: 4, nodes: [{ vm: { name: "vm-1" }, ...expected }] });
  });

  it("may be set for a VM that nothing protects yet", async () => {
    await sql("DELETE FROM protected_vm WHERE vm_id = $1", stage.vmIds.get("vm-6"));
    const { vm: changed } = await stage.send(
      "configureVmRecoverySettings",
      "vm { protectionGroup { id } recoverySettings { priority version } }",
      {
        vmId: vm("vm-6"),
        priority: "LOW",
      },
    );
    expect(changed).toEqual({ protectionGroup: null, recoverySettings: { priority: "LOW", version: 1 } });
  });

  it("keep the ids of commands that stay, by which a run finds its steps again", async () => {
    const ids = async () => (await sql("SELECT id FROM vm_command WHERE command = 'a.sh' ORDER BY position")).rows.map(({ id }) => id);
    await configure({ postPowerOnCommands: [{ command: "a.sh" }, { command: "b.sh" }] });
    const [first] = await ids();
    await configure({
      postPowerOnCommands: [{ command: "c.sh" }, { command: "a.sh", timeoutSeconds: 5 }, { command: "a.sh", arguments: ["x"] }],
    });
    const [same, other] = await ids();
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  it("may change while a run is open, and count from the next one", async () => {
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    expect(await configure({ startupDelaySeconds: 99 })).toMatchObject({ startupDelaySeconds: 99 });
    const { content } = (await sql("SELECT content FROM recovery_snapshot WHERE run_id = $1", recoveryId)).rows[0];
    expect(content.vms.find(({ name }: { name: string }) => name === "vm-1").startupDelaySeconds).toBe(0);
  });

  it("are changed once for one key", async () => {
    await configure({ priority: "LOW", idempotencyKey: "k" });
    expect(await configure({ priority: "LOW", idempotencyKey: "k" })).toMatchObject({ version: 1 });
    const other = { vmId, priority: "LOW", startupDelaySeconds: null, idempotencyKey: "k" };
    await stage.refused("configureVmRecoverySettings", other, { code: "CONFLICT" });
  });
});
