import { describe, expect, it } from "vitest";
import { as, gid, nobody } from "../plans/stage.ts";
import { configure, playOnStage, rules, stage, vm, vmId, wrong } from "./vm-settings-stage.ts";

playOnStage();

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
    const message = "Somebody else has changed the recovery settings of vm-1: the version is 0, not 1.";
    await stage.refused("configureVmRecoverySettings", { vmId, expectedVersion: 1 }, { code: "CONFLICT", version: 0, message });
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
    const refusal = { code: "FORBIDDEN", requiredRole: "EDITOR", requiredRoles: ["EDITOR", "SCRIPT_EDITOR"] };
    await stage.refused("configureVmRecoverySettings", { vmId, ...there }, refusal, as("OPERATOR", "ADMIN"));
  });
});
