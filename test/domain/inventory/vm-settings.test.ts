import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labSites } from "../../support/lab.ts";
import { type Answer, aPlanStage, as, gid, nobody, type PlanStage } from "../plans/stage.ts";
import { operator } from "../recoveries/stage.ts";

let stage: PlanStage;
let vmId: string;
/** vm-1 and vm-4 come up first, vm-2 and vm-5 in the second priority group; vm-3 and vm-6 are protected, but in no plan. */
beforeAll(async () => {
  stage = await aPlanStage({ priorityGroups: [{ groups: [0] }, { groups: [1] }] }, labSites({ vms: 6, groups: 3 }));
  vmId = vm("vm-1");
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const vm = (name: string) => gid("VirtualMachine", stage.vmIds.get(name));
const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const fields = `priority prioritySource startupDelaySeconds startupDelaySource shutdownDelaySeconds shutdownDelaySource skipGuestShutdown
  powerOnAfterRecovery readyCheck readyTimeoutSeconds readyPort readyTarget ipCustomizationEnabled
  ipCustomizationRules { nicIndex sourceIp targetIp prefixLength targetSubnetMask targetGateway targetDnsServers targetDnsSuffix }
  commands { phase command arguments timeoutSeconds rerunnable runInGuest guestUsername passwordSecretId } dependsOnVms { name } version`;
const plain = {
  priority: "NORMAL",
  prioritySource: "DEFAULT",
  startupDelaySeconds: 0,
  startupDelaySource: "DEFAULT",
  shutdownDelaySeconds: 300,
  shutdownDelaySource: "DEFAULT",
  skipGuestShutdown: false,
  powerOnAfterRecovery: true,
  readyCheck: "HEARTBEAT",
  readyTimeoutSeconds: 300,
  readyPort: null,
  readyTarget: null,
  ipCustomizationEnabled: false,
  ipCustomizationRules: [],
  commands: [],
  dependsOnVms: [],
  version: 0,
};
const configure = async (input: object, viewer = operator): Promise<Answer> => {
  const answer = await stage.send("configureVmRecoverySettings", `vm { recoverySettings { ${fields} } }`, { vmId, ...input }, viewer);
  return answer.vm?.recoverySettings ?? answer;
};
const rules = (...list: object[]) => ({ ipCustomization: { enabled: true, rules: list } });
const wrong = (input: object, ...errors: [string, string | RegExp][]) =>
  stage.wrong("configureVmRecoverySettings", { vmId, ...input }, errors);

describe("a VM's recovery settings", () => {
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
    expect(await configure({})).toEqual({ ...first, version: 2 });
    expect(await configure({ startupDelaySeconds: 7 })).toEqual({ ...first, startupDelaySeconds: 7, version: 3 });
    expect(await configure({ ipCustomization: { enabled: false } })).toMatchObject({
      ipCustomizationEnabled: false,
      ipCustomizationRules: [{ nicIndex: 0 }],
      version: 4,
    });
    const nothing = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    expect(await configure(nothing)).toEqual({ ...plain, version: 5 });
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

describe("a change of recovery settings is refused", () => {
  it("with everything that is wrong with the input, by field", () =>
    wrong(
      {
        startupDelaySeconds: -1,
        shutdownDelaySeconds: 604_801,
        readyCheck: { type: "HEARTBEAT", timeoutSeconds: 0, port: 65_536, target: "x" },
        ...rules(
          {},
          { nicIndex: 10, targetIp: "10.0.2.1" },
          { nicIndex: 0, targetIp: "10.0.2.2", prefixLength: 24, targetSubnetMask: "255.255.255.0" },
          { nicIndex: 0, targetIp: "10.0.2.3", targetSubnetMask: "255.0.255.0" },
          { nicIndex: 0, targetIp: "10.0.2.300", prefixLength: 24, targetGateway: "x", targetDnsServers: ["10.0.2.10", "ns"] },
          { nicIndex: 0, targetIp: "fd00::1", prefixLength: 129, targetGateway: "10.0.2.1" },
          { nicIndex: 0, targetIp: "fd00::2%eth0", targetSubnetMask: "255.255.255.0" },
          { nicIndex: 0, targetIp: "10.0.2.4", prefixLength: 33 },
          { nicIndex: 0, targetIp: "fd00:0:0::1", prefixLength: 64 },
        ),
        prePowerOnCommands: [
          { command: "guest.sh", runInGuest: true },
          { command: "", timeoutSeconds: 0, arguments: ["x".repeat(4_097)] },
        ],
        postPowerOnCommands: [
          { command: "a.sh", guestCredentials: { username: "root", passwordSecretId: "s" } },
          { command: "b.sh", runInGuest: true, guestCredentials: { username: " ", passwordSecretId: "../x" } },
        ],
      },
      ["startupDelaySeconds", "0 to 604800"],
      ["shutdownDelaySeconds", "0 to 604800"],
      ["readyCheck.timeoutSeconds", "1 to 86400"],
      ["readyCheck.port", "1 to 65535"],
      ["readyCheck.port", "belongs to a TCP or an HTTP check"],
      ["readyCheck.target", "belongs to an HTTP or a SCRIPT check"],
      ["ipCustomization.rules.0", "by nicIndex or by sourceIp"],
      ["ipCustomization.rules.1.nicIndex", "0 to 9"],
      ["ipCustomization.rules.1.targetIp", "needs its prefixLength or subnetMask"],
      ["ipCustomization.rules.2.targetSubnetMask", "not both"],
      ["ipCustomization.rules.3.targetSubnetMask", "not a subnet mask"],
      ["ipCustomization.rules.4.targetDnsServers.1", "not an IP address"],
      ["ipCustomization.rules.4.targetIp", "not an IP address"],
      ["ipCustomization.rules.4.targetGateway", "not an IP address"],
      ["ipCustomization.rules.5.prefixLength", "0 to 128"],
      ["ipCustomization.rules.5.targetGateway", "same family"],
      ["ipCustomization.rules.6.targetIp", "not an IP address"],
      ["ipCustomization.rules.6.targetSubnetMask", "no mask"],
      ["ipCustomization.rules.7.prefixLength", "at most 32 bits"],
      ["ipCustomization.rules.8.targetIp", "already"],
      ["prePowerOnCommands.0.runInGuest", "not powered on yet"],
      ["prePowerOnCommands.1.command", "names a program"],
      ["prePowerOnCommands.1.arguments.0", "4096"],
      ["prePowerOnCommands.1.timeoutSeconds", "1 to 86400"],
      ["postPowerOnCommands.0", "belong to a command with runInGuest"],
      ["postPowerOnCommands.1.guestCredentials.username", "at least one character"],
      ["postPowerOnCommands.1.guestCredentials.passwordSecretId", "name of its file"],
    ));

  it("for a ready check that lacks what it needs", async () => {
    await wrong({ readyCheck: { type: "TCP" } }, ["readyCheck", "needs a port"]);
    await wrong({ readyCheck: { type: "SCRIPT" } }, ["readyCheck", "needs its program"]);
    await wrong({ readyCheck: { type: "HTTP", target: "health check" } }, ["readyCheck.target", "is a path"]);
  });

  it("for more than there may be", async () => {
    const command = { command: "a.sh" };
    await wrong({ prePowerOnCommands: Array.from({ length: 101 }, () => command) }, ["prePowerOnCommands", "100"]);
    await wrong(rules(...Array.from({ length: 11 }, () => ({ nicIndex: 0 }))), ["ipCustomization.rules", "10"]);
  });

  it("for dependencies that are none, unknown, at another site, given twice, or the VM itself", async () => {
    const { prisma } = stage.db.database;
    const far = await prisma.virtualMachine.create({ data: { name: "far", siteId: stage.recoverySiteId, externalId: "far" } });
    await wrong(
      { dependsOnVmIds: [vmId, gid("VirtualMachine", nobody), gid("VirtualMachine", far.id), vm("vm-4"), vm("vm-4")] },
      ["dependsOnVmIds.0", "can't depend on itself"],
      ["dependsOnVmIds.1", "no VM with this id"],
      ["dependsOnVmIds.2", "far runs at another site than vm-1"],
      ["dependsOnVmIds.4", "vm-4 is in the list above"],
    );
    await wrong({ dependsOnVmIds: ["x", gid("Site", nobody)] }, ["dependsOnVmIds.0", "not an id"], ["dependsOnVmIds.1", "id of a Site"]);
  });

  it("for a cycle of dependencies, however long, with the shortest one by name", async () => {
    await stage.send("configureVmRecoverySettings", "__typename", { vmId: vm("vm-4"), dependsOnVmIds: [vmId] });
    await wrong({ dependsOnVmIds: [vm("vm-4")] }, [
      "dependsOnVmIds",
      /In the plan plan .*: vm-\d waits for vm-\d \(depends on\), vm-\d waits for vm-\d \(depends on\)\.$/,
    ]);
  });

  it("for a dependency on a VM of a later priority group, or of a later tier", async () => {
    await wrong({ dependsOnVmIds: [vm("vm-2")] }, ["dependsOnVmIds", /vm-2 waits for vm-1 \(priority group 2 comes after 1\)/]);
    await configure({ dependsOnVmIds: [vm("vm-4")] });
    await wrong({ priority: "HIGH" }, [
      "priority",
      /vm-1 waits for vm-4 \(depends on\), vm-4 waits for vm-1 \(tier NORMAL comes after HIGH\)/,
    ]);
  });

  it("for a cycle in any of the plans that hold the VM, and not for one in no plan", async () => {
    const lone = { vmId: vm("vm-3"), dependsOnVmIds: [vm("vm-6")] };
    expect(await stage.send("configureVmRecoverySettings", "vm { name }", lone)).toEqual({ vm: { name: "vm-3" } });
    const back = { vmId: vm("vm-6"), dependsOnVmIds: [vm("vm-3")] };
    expect(await stage.send("configureVmRecoverySettings", "vm { name }", { ...back, dependsOnVmIds: [] })).toEqual({
      vm: { name: "vm-6" },
    });
    await stage.send("createRecoveryPlan", "__typename", {
      name: "third",
      protectionGroups: [
        { protectionGroupId: gid("ProtectionGroup", stage.groupIds[2]), recoveryPriorityGroup: { priority: 1, name: "All" } },
      ],
    });
    await stage.wrong("configureVmRecoverySettings", back, [["dependsOnVmIds", "In the plan third"]]);
  });

  it("for an address that another VM of a plan gets, and not for one of another plan", async () => {
    const give = (name: string, targetIp: string) =>
      stage.send("configureVmRecoverySettings", "vm { name }", { vmId: vm(name), ...rules({ nicIndex: 0, targetIp, prefixLength: 64 }) });
    await give("vm-2", "fd00::7");
    await give("vm-3", "fd00::8");
    const own = (targetIp: string) => rules({ nicIndex: 0 }, { nicIndex: 0, targetIp, prefixLength: 64 });
    await wrong(own("fd00:0::0007"), ["ipCustomization.rules.1.targetIp", "In the plan plan the address fd00::7 is vm-2's already"]);
    expect(await configure(own("fd00::8"))).toMatchObject({ version: 1 });
    const kept = { ...own("fd00::7"), ipCustomization: { ...own("fd00::7").ipCustomization, enabled: false } };
    expect(await configure(kept)).toMatchObject({ version: 2, ipCustomizationEnabled: false });
    await wrong({ ipCustomization: { enabled: true } }, ["ipCustomization.rules.1.targetIp", "is vm-2's already"]);
  });

  it("for another version than the one that was read, and for a VM that there is none of", async () => {
    await stage.refused("configureVmRecoverySettings", { vmId, expectedVersion: 1 }, { code: "CONFLICT", version: 0 });
    await configure({ priority: "LOW", expectedVersion: 0 });
    await stage.refused("configureVmRecoverySettings", { vmId, expectedVersion: 0 }, { code: "CONFLICT", version: 1 });
    const unknown = { vmId: gid("VirtualMachine", nobody) };
    await stage.refused("configureVmRecoverySettings", unknown, { code: "NOT_FOUND", resource: "VirtualMachine" });
    await stage.wrong("configureVmRecoverySettings", { vmId: "x" }, [["vmId", "not an id"]]);
  });
});

describe("who may change recovery settings", () => {
  const there = { prePowerOnCommands: [{ command: "a.sh" }, { command: "b.sh" }], readyCheck: { type: "SCRIPT", target: "ready.sh" } };

  it.each<[what: string, needs: "EDITOR" | "SCRIPT_EDITOR", input: object]>([
    ["changes a priority", "EDITOR", { priority: "LOW", ...there }],
    ["changes IP rules", "EDITOR", rules({ nicIndex: 0 })],
    ["changes the time of a ready check", "EDITOR", { readyCheck: { type: "SCRIPT", target: "ready.sh", timeoutSeconds: 10 } }],
    ["adds a command", "SCRIPT_EDITOR", { postPowerOnCommands: [{ command: "a.sh" }] }],
    ["changes a command's user", "SCRIPT_EDITOR", { postPowerOnCommands: [{ command: "a.sh", runInGuest: true }] }],
    ["reorders commands", "SCRIPT_EDITOR", { prePowerOnCommands: there.prePowerOnCommands.toReversed() }],
    ["removes commands", "SCRIPT_EDITOR", { prePowerOnCommands: null }],
    ["changes the program of a ready check", "SCRIPT_EDITOR", { readyCheck: { type: "SCRIPT", target: "other.sh" } }],
    ["replaces the program of a ready check", "SCRIPT_EDITOR", { readyCheck: { type: "HEARTBEAT" } }],
  ])("who %s needs %s and no other role", async (_what, needs, input) => {
    await configure(there);
    const other = needs === "EDITOR" ? "SCRIPT_EDITOR" : "EDITOR";
    await stage.refused("configureVmRecoverySettings", { vmId, ...input }, { code: "FORBIDDEN", requiredRole: needs }, as(other));
    expect(await configure(input, as(needs))).toMatchObject({ version: 2 });
  });

  it("who sends what is there needs one of the two", async () => {
    await configure(there);
    for (const role of ["EDITOR", "SCRIPT_EDITOR"] as const)
      expect(await configure(there, as(role))).toMatchObject({ version: expect.any(Number) });
    const refusal = { code: "FORBIDDEN", requiredRole: "EDITOR or SCRIPT_EDITOR" };
    await stage.refused("configureVmRecoverySettings", { vmId, ...there }, refusal, as("OPERATOR", "ADMIN"));
  });
});
