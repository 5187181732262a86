import { describe, expect, it } from "vitest";
import type { NicRow, PlanRows, VmRow } from "../../../src/domain/recoveries/snapshot/rows.ts";
import { buildTestSnapshot, type SnapshotInput } from "../../../src/domain/recoveries/snapshot.ts";
import type { SnapshotSite, TestSnapshot } from "../../../src/engine/run-snapshot.ts";
import type { Capabilities } from "../../../src/providers/contract.ts";

const everything: Capabilities = {
  ipCustomisation: "BEFORE_POWER_ON",
  guestCommands: true,
  folders: true,
  resourcePools: true,
  minimumRpoMinutes: 1,
  maximumPointInTimeInstances: 64,
};
const site = (name: string, capabilities: Partial<Capabilities> = {}): SnapshotSite => ({
  id: `id-${name}`,
  name,
  provider: "lab",
  externalId: name,
  capabilities: { ...everything, ...capabilities },
});

const vm = (name: string, more: Partial<VmRow> = {}): VmRow => ({
  id: name,
  name,
  externalId: `ext-${name}`,
  groupId: "g",
  placeholderExternalId: `${name}-place`,
  folderId: null,
  folderName: null,
  resourcePoolId: null,
  resourcePoolName: null,
  priority: null,
  startupDelaySeconds: null,
  shutdownDelaySeconds: null,
  skipGuestShutdown: null,
  powerOnAfterRecovery: null,
  readyCheck: null,
  readyTimeoutSeconds: null,
  readyPort: null,
  readyTarget: null,
  ipCustomizationEnabled: null,
  ...more,
});

const nic = (vmId: string, networkId: string | null = "net", ipAddresses = ["10.0.1.5"], nicIndex = 0): NicRow => ({
  vmId,
  nicIndex,
  networkId,
  networkName: networkId,
  ipAddresses,
});

const rule = {
  nicIndex: null,
  sourceIp: null,
  targetIp: "10.0.2.5",
  prefixLength: 24,
  targetGateway: "10.0.2.1",
  targetDnsServers: [],
  targetDnsSuffix: null,
};
const command = {
  id: "c",
  phase: "POST_POWER_ON",
  command: "x",
  arguments: [],
  timeoutSeconds: 300,
  rerunnable: false,
  guestUsername: null,
  passwordSecretId: null,
} as const;
const mapping = { vmId: null, sourceNetworkId: "net", targetNetworkId: "dr-net", targetName: "DR", testName: null };

const group = { id: "g", name: "group", externalId: "ext-g", priorityGroupId: "pg", protectedSiteId: "id-a", recoverySiteId: "id-b" };

const rows = (more: Partial<PlanRows> = {}): PlanRows => ({
  plan: { id: "p", name: "plan", defaultVmPriority: "HIGH", defaultStartupDelaySeconds: 5, defaultShutdownDelaySeconds: 300 },
  priorityGroups: [{ id: "pg", priority: 1, name: "Tier" }],
  planSteps: [],
  groups: [{ ...group, state: "READY", turned: false, hasCompletePoint: true }],
  vms: [vm("web")],
  nics: [nic("web")],
  networkMappings: [mapping],
  placeMappings: [],
  ipRules: [],
  vmCommands: [],
  dependencies: [],
  probes: [],
  vmPlaces: [],
  ...more,
});

const build = (more: Partial<PlanRows> = {}, input: Partial<SnapshotInput> = {}) =>
  buildTestSnapshot({
    rows: rows(more),
    protectedSite: site("a"),
    recoverySite: site("b"),
    options: { powerOnVms: true, runScripts: true, syncData: true },
    points: new Map(),
    pastSeconds: {},
    warnings: [],
    ...input,
  });

function snapshot(result: ReturnType<typeof build>): TestSnapshot {
  if ("faults" in result) throw new Error(JSON.stringify(result.faults));
  return result.snapshot;
}
const faults = (result: ReturnType<typeof build>) =>
  "faults" in result ? result.faults.map(({ code, message }) => `${code}: ${message}`) : [];
const only = (result: ReturnType<typeof build>) => snapshot(result).vms[0];

describe("a VM in a test's snapshot", () => {
  it("goes back to where it was only when its group has been turned round, whatever the configured roles of the sites", () => {
    const nics = [{ nicIndex: 0, network: "Old LAN", ipAddresses: [] }];
    const more = { vmPlaces: [{ vmId: "web", folder: null, resourcePool: null, nics }] };
    const to = (turned: boolean) => only(build({ ...more, groups: rows().groups.map((group) => ({ ...group, turned })) }))?.nics[0];
    expect([to(false), to(true)]).toMatchObject([{ testNetwork: "dr-net" }, { testNetwork: "like/Old LAN" }]);
  });

  it("has the plan's defaults where it has no settings of its own", () => {
    expect(only(build())).toMatchObject({
      priority: "HIGH",
      startupDelaySeconds: 5,
      powerOnAfterRecovery: true,
      readyCheck: { kind: "HEARTBEAT", timeoutSeconds: 300, port: null, target: null },
      addresses: null,
    });
  });

  it("has its own settings before the plan's, also where they are zero or false", () => {
    const own = vm("web", {
      priority: "LOWEST",
      startupDelaySeconds: 0,
      powerOnAfterRecovery: false,
      readyCheck: "TCP",
      readyPort: 80,
      readyTimeoutSeconds: 10,
    });
    expect(only(build({ vms: [own] }))).toMatchObject({
      priority: "LOWEST",
      startupDelaySeconds: 0,
      powerOnAfterRecovery: false,
      readyCheck: { kind: "TCP", timeoutSeconds: 10, port: 80 },
    });
  });

  it("is connected by its own mapping, else by the inventory's", () => {
    const networkMappings = [mapping, { ...mapping, vmId: "web", targetNetworkId: "own", targetName: "Own", testName: "own-test" }];
    const made = snapshot(build({ vms: [vm("db"), vm("web")], nics: [nic("db"), nic("web")], networkMappings }));
    expect(made.vms.map(({ name, nics }) => [name, nics[0]?.testNetwork])).toEqual([
      ["db", "dr-net"],
      ["web", "own/own-test"],
    ]);
    expect(made.testNetworks).toEqual([
      { id: "dr-net", name: "DR", testNetworkId: null },
      { id: "own/own-test", name: "own-test", testNetworkId: "own-test" },
    ]);
  });

  it("needs no test network that no adapter is connected to", () => {
    const spare = { ...mapping, sourceNetworkId: "other", targetNetworkId: "spare", targetName: "Spare" };
    expect(snapshot(build({ networkMappings: [mapping, spare] })).testNetworks.map(({ id }) => id)).toEqual(["dr-net"]);
  });

  it("leaves an adapter unconnected that is connected to nothing at home", () => {
    expect(only(build({ nics: [nic("web"), nic("web", null, [], 1)] }))?.nics).toEqual([{ nicIndex: 0, testNetwork: "dr-net" }]);
  });

  it("gets its addresses by the adapter's index, else by an address that it has", () => {
    const nics = [nic("web", "net", ["10.0.1.5"], 0), nic("web", "net", ["10.0.1.6", "fd00::6"], 1)];
    const ipRules = [
      { ...rule, vmId: "web", nicIndex: 0, sourceIp: "10.0.1.6" },
      { ...rule, vmId: "web", sourceIp: "fd00::6", targetIp: null, prefixLength: null },
    ];
    const enabled = vm("web", { ipCustomizationEnabled: true });
    expect(only(build({ vms: [enabled], nics, ipRules }))?.addresses).toEqual([
      { nicIndex: 0, ip: "10.0.2.5", prefixLength: 24, gateway: "10.0.2.1", dnsServers: [], dnsSuffix: null },
      { nicIndex: 1, ip: null, prefixLength: null, gateway: "10.0.2.1", dnsServers: [], dnsSuffix: null },
    ]);
  });

  it("keeps its addresses while its customisation is off, and when no rule matches, with a warning", () => {
    const ipRules = [{ ...rule, vmId: "web", sourceIp: "10.9.9.9" }];
    expect(only(build({ vms: [vm("web", { ipCustomizationEnabled: false })], ipRules }))?.addresses).toBeNull();
    const made = snapshot(build({ vms: [vm("web", { ipCustomizationEnabled: true })], ipRules }));
    expect(made.vms[0]?.addresses).toBeNull();
    expect(made.warnings).toEqual([{ code: "IP_RULE_UNMATCHED", object: "web", message: expect.stringContaining("10.9.9.9") }]);
  });

  it("goes to the mapped folder and pool, where the provider has such things", () => {
    const placed = vm("web", { folderId: "f", folderName: "/a", resourcePoolId: "r", resourcePoolName: "pool" });
    const placeMappings = [
      { kind: "FOLDER", sourceId: "f", targetName: "/b" },
      { kind: "RESOURCE_POOL", sourceId: "r", targetName: "dr-pool" },
    ] as const;
    expect(only(build({ vms: [placed], placeMappings }))).toMatchObject({ folderId: "/b", resourcePoolId: "dr-pool" });
    const plain = { recoverySite: site("b", { folders: false, resourcePools: false }) };
    expect(only(build({ vms: [placed] }, plain))).toMatchObject({ folderId: null, resourcePoolId: null });
  });

  it("waits only for VMs of the run, with a warning for the others", () => {
    const dependencies = [
      { vmId: "web", dependsOnVmId: "db", dependsOnName: "db" },
      { vmId: "web", dependsOnVmId: "far", dependsOnName: "far" },
    ];
    const made = snapshot(build({ vms: [vm("db"), vm("web")], nics: [], dependencies }));
    expect(made.vms[1]?.dependsOn).toEqual(["db"]);
    expect(made.warnings).toEqual([{ code: "DEPENDENCY_OUTSIDE_RUN", object: "web", message: expect.stringContaining("far") }]);
  });

  it("is left out with a warning while it has no placeholder", () => {
    const made = snapshot(build({ vms: [vm("db"), vm("web", { placeholderExternalId: null })] }));
    expect(made.vms.map(({ name }) => name)).toEqual(["db"]);
    expect(made.warnings).toEqual([{ code: "VM_NOT_CONFIGURED", object: "web", message: expect.stringContaining("web") }]);
  });
});

describe("a test's snapshot", () => {
  it("has the steps of each priority group, with what they leave out filled in", () => {
    const none = {
      command: null,
      arguments: [],
      timeoutSeconds: null,
      runOnSite: null,
      continueOnFailure: false,
      runInTest: false,
      rerunnable: false,
      message: null,
      defaultAnswer: null,
      needsTwoPeople: false,
      durationSeconds: null,
    };
    const planSteps = [
      { ...none, id: "1", priorityGroupId: "pg", phase: "PRE_POWER_ON", type: "PROMPT", name: "ask", message: "Go on?" },
      { ...none, id: "2", priorityGroupId: "pg", phase: "PRE_POWER_ON", type: "PAUSE", name: "rest", durationSeconds: 9 },
      { ...none, id: "3", priorityGroupId: "pg", phase: "POST_POWER_ON", type: "COMMAND", name: "run", command: "x.sh" },
    ] as const;
    const [group] = snapshot(build({ planSteps })).priorityGroups;
    expect(group).toMatchObject({
      priority: 1,
      groupIds: ["g"],
      preSteps: [
        { id: "1", type: "PROMPT", message: "Go on?", timeoutSeconds: null, defaultAnswer: null },
        { id: "2", type: "PAUSE", durationSeconds: 9 },
      ],
      postSteps: [{ id: "3", type: "COMMAND", command: "x.sh", timeoutSeconds: 300, runOnSite: "RECOVERY" }],
    });
  });

  it("names every object that is not mapped", () => {
    const placed = vm("web", { folderId: "f", folderName: "/a" });
    expect(faults(build({ vms: [placed, vm("db")], nics: [nic("web"), nic("db")], networkMappings: [] }))).toEqual([
      "MAPPING_MISSING: web uses the folder /a, which is not mapped to the recovery site.",
      "MAPPING_MISSING: web uses the network net, which is not mapped to the recovery site.",
      "MAPPING_MISSING: db uses the network net, which is not mapped to the recovery site.",
    ]);
  });

  it("is refused where the provider can't do what a VM needs", () => {
    const enabled = vm("web", { ipCustomizationEnabled: true });
    const more = {
      vms: [enabled],
      ipRules: [{ ...rule, vmId: "web", nicIndex: 0 }],
      vmCommands: [{ ...command, vmId: "web", runInGuest: true }],
    };
    const recoverySite = site("b", { ipCustomisation: "NONE", guestCommands: false });
    expect(faults(build(more, { recoverySite })).map((fault) => fault.split(":")[0])).toEqual(["CAPABILITY_MISSING", "CAPABILITY_MISSING"]);
    const options = { powerOnVms: true, runScripts: false, syncData: true };
    expect(faults(build({ ...more, ipRules: [] }, { recoverySite, options }))).toEqual([]);
  });

  it("is refused when two VMs are to get one address", () => {
    const vms = [vm("db", { ipCustomizationEnabled: true }), vm("web", { ipCustomizationEnabled: true })];
    const ipRules = [
      { ...rule, vmId: "db", nicIndex: 0 },
      { ...rule, vmId: "web", nicIndex: 0 },
    ];
    expect(faults(build({ vms, nics: [nic("db"), nic("web")], ipRules }))).toEqual([
      "DUPLICATE_ADDRESS: db and web are both to get the address 10.0.2.5.",
    ]);
  });

  it("is refused without any VM, and without a point where none is made", () => {
    expect(faults(build({ vms: [] }))).toEqual(["EMPTY: plan has no protected VM that could be recovered."]);
    const groups = rows().groups.map((group) => ({ ...group, hasCompletePoint: false }));
    const options = { powerOnVms: true, runScripts: true, syncData: false };
    expect(faults(build({ groups }, { options }))[0]).toContain("NO_RECOVERY_POINT: The group group");
    expect(faults(build({ groups }))).toEqual([]);
  });
});
