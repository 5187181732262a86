import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, list, text } from "../domain/read/support.ts";
import { contentOf, secondsLost } from "../support/lab-recovery.ts";
import { recordStatements } from "../support/large-tables.ts";
import { fullReadsInLargeWorld } from "../support/large-world.ts";
import { aPublicStage, type PublicStage } from "../support/public-stage.ts";

const machine = (number: number, more: object = {}) => ({
  name: `vm-${number}`,
  guestOs: "Debian",
  cpuCount: 2,
  memoryMb: 2_048,
  diskBytes: 10_737_418_240,
  cluster: "Cluster A",
  host: `host-${number}`,
  folder: "/A/Shop",
  resourcePool: "Pool A",
  nics: [
    { network: "LAN A", macAddress: `00:50:56:00:00:0${number}`, ipAddresses: [`10.0.1.${number}`, `fd00::${number}`] },
    { network: "Backup A", ipAddresses: [`10.1.1.${number}`] },
  ],
  ...more,
});
const rule = (number: number) => ({
  virtualMachine: `vm-${number}`,
  ipCustomization: { rules: [{ nicIndex: 0, targetIp: `10.0.2.${number}`, prefixLength: 24, gateway: "10.0.2.254" }] },
});
const common = { protectedSite: "A", recoverySite: "B" };
const bytes = { capacityBytes: 10_000, freeBytes: 5_000 };

/** Mapped in one direction only: from A to B. */
const world = {
  version: 1,
  sites: [
    {
      name: "A",
      type: "PROTECTED",
      provider: "lab",
      datastores: [
        { name: "Fast A", ...bytes },
        { name: "Slow A", ...bytes },
      ],
      networks: [{ name: "LAN A" }, { name: "Backup A" }],
      resourcePools: [{ name: "Pool A", cluster: "Cluster A" }],
      folders: [{ name: "Shop", path: "/A/Shop" }],
      virtualMachines: [machine(1, { datastore: "Fast A" }), machine(2, { datastore: "Fast A" }), machine(3, { datastore: "Slow A" })],
    },
    {
      name: "B",
      type: "RECOVERY",
      provider: "lab",
      datastores: [{ name: "All B", ...bytes }],
      networks: [{ name: "LAN B" }, { name: "Backup B" }],
      resourcePools: [{ name: "Pool B", cluster: "Cluster B" }],
      folders: [{ name: "Recovered", path: "/B/Recovered" }],
    },
  ],
  pairings: [
    {
      ...common,
      networkMappings: [
        { source: "LAN A", target: "LAN B" },
        { source: "Backup A", target: "Backup B" },
      ],
      folderMappings: [{ source: "/A/Shop", target: "/B/Recovered" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [
    { name: "stored", type: "REPLICATION", ...common, storageGroups: [{ sources: ["Fast A"], target: "All B" }], rpoMinutes: 5 },
    { name: "streamed", type: "CONTINUOUS", ...common, virtualMachines: ["vm-3"], consistencyGroups: true, pointInTimeInstances: 3 },
  ],
  recoveryPlans: [
    {
      name: "plan",
      description: "there and back",
      ...common,
      rtoTargetSeconds: 600,
      priorityGroups: [
        {
          priority: 1,
          name: "First",
          protectionGroups: ["stored"],
          preSteps: [{ type: "COMMAND", name: "hello", command: "/scripts/note.sh", runOnSite: "PROTECTED", continueOnFailure: true }],
        },
        { priority: 4, name: "Last", protectionGroups: ["streamed"] },
      ],
    },
  ],
  vmSettings: [
    { ...rule(1), priority: "HIGHEST", shutdownDelaySeconds: 20 },
    { ...rule(2), dependsOn: ["vm-1"], readyCheck: { type: "POWERED_ON", timeoutSeconds: 60 } },
    { ...rule(3), dependsOn: ["vm-2"], networkMappings: [{ source: "Backup A", target: "LAN B" }] },
  ],
};

const named = "{ name }";
const faults = "faults { code message }";
const mappings = `networkMappings { id version sourceNetwork ${named} targetNetwork ${named} testNetwork ${named} }
  folderMappings { id version sourceFolder { path } targetFolder { path } }
  resourceMappings { id version sourceResource ${named} targetResource ${named} }`;
const settings = `version priority prioritySource startupDelaySeconds startupDelaySource shutdownDelaySeconds shutdownDelaySource skipGuestShutdown
  powerOnAfterRecovery readyCheck readyPort readyTarget readyTimeoutSeconds ipCustomizationEnabled dependsOnVms ${named}
  ipCustomizationRules { nicIndex sourceIp targetIp prefixLength targetGateway targetDnsServers targetDnsSuffix }
  commands { phase command arguments }`;
const vm = `id name site ${named} powerState guestOs cpuCount memoryMb diskBytes missingSince protectionState replicationState ${faults}
  needsConfiguration configurationReasons { code message } protectionGroup ${named} dependsOnVms ${named}
  nics { nicIndex macAddress ipAddresses network ${named} } placeholder ${named}
  sourceSite { site ${named} cluster host datastore ${named} folder { path } resourcePool ${named} }
  recoverySite { site ${named} cluster datastore ${named} folder { path } resourcePool ${named}
    networks { source sourceNetwork ${named} targetNetwork ${named} testNetwork ${named} } }
  networkMappingsVersion networkMappings { sourceNetwork ${named} targetNetwork ${named} } recoverySettings { ${settings} }`;
const group = `id name description type replicationType state peerState protectionState ${faults} protectedSite ${named} recoverySite ${named}
  rpoMinutes pointInTimeInstances consistencyGroups snapshotIntervalMinutes snapshotRetention needsConfigurationCount vmCount usedBy { id }
  datastores { name site ${named} replicationState } storageGroups { sourceDatastores ${named} targetDatastore ${named} } recoveryPlans { id }`;
const step = "id type name phase position ... on CommandStep { command arguments timeoutSeconds runOnSite continueOnFailure }";

/** All that the API tells of the plan that is no moment, no count of changes and no history. */
const standing = `query ($planId: ID!) { recoveryPlan(id: $planId) {
  id name description version lifecycle state ${faults} defaultVmPriority defaultStartupDelaySeconds defaultShutdownDelaySeconds rtoTargetSeconds
  vmCount protectionGroupCount peerState protectedSite ${named} recoverySite ${named} activeRecovery { id } leftovers ${named}
  pairing { localSite ${named} remoteSite ${named} ${mappings} }
  priorityGroups { id priority name prePowerOnSteps { ${step} } postPowerOnSteps { ${step} } protectionGroups { nodes ${named} } }
  protectionGroups { nodes { ${group} } } vms { nodes { ${vm} } } } }`;

let stage: PublicStage;
let planId: string;
let sent: ReturnType<typeof recordStatements>;
beforeAll(async () => {
  stage = await aPublicStage(world);
  sent = recordStatements(); // an import compares everything
  planId = stage.planId;
});
afterAll(async () => {
  sent.stop();
  await stage?.[Symbol.asyncDispose]();
});

/** As the sites tell it now. */
async function look(): Promise<unknown> {
  for (const siteId of list(await stage.ask("{ sites { nodes { id } } }"), "sites.nodes").map((site) => text(site, "id")))
    expect(await stage.mutate("refreshInventory", { siteId }, "site { id }")).toEqual({ site: { id: siteId } });
  return stage.ask(standing, { planId });
}

const machinesText = `SELECT coalesce(r.recovered_external_id, v.external_id) AS id FROM virtual_machine v JOIN protected_vm p ON p.vm_id = v.id
  LEFT JOIN recovered_vm r ON r.vm_id = v.id ORDER BY v.name`;

/** The machines behind the VMs, by the provider's ids. */
async function machines(): Promise<readonly string[]> {
  const { rows } = await stage.db.database.pool.query<{ id: string }>(machinesText);
  return rows.map(({ id }) => id);
}

const contents = async (ids: readonly string[]) => Promise.all(ids.map((id) => contentOf(stage.lab, id)));

/** A move that loses nothing of what was written until it shut the machines down. */
async function move(mutation: "startRecovery" | "startPlannedFailover", more: object): Promise<void> {
  const left = await machines();
  expect(await stage.run(mutation, { planId, ...more })).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 3, vmsFailed: 0 });
  const [before, after] = [await contents(left), await contents(await machines())];
  before.forEach((written, index) => {
    expect(secondsLost(written, after[index] ?? [])).toBe(0);
  });
}

const reprotect = async () => expect(await stage.run("startReprotect", { planId })).toMatchObject({ resultState: "SUCCESS" });

const home = async () => {
  await move("startPlannedFailover", {});
  await reprotect();
};

describe("planned, reprotect, failback, reprotect", () => {
  it("ends three times in a row with the data and settings of the beginning, without a mapping of the way back", {
    timeout: 60_000,
  }, async () => {
    const before = await look();
    expect(at(before, "recoveryPlan.vms.nodes.2.nics.0.ipAddresses")).toEqual(["10.0.1.3", "fd00::3"]);
    const first = await contents(await machines());
    await move("startRecovery", { recoveryType: "PLANNED" });
    await reprotect();
    const there = await look();
    expect(at(there, "recoveryPlan.protectedSite.name")).toBe("B");
    expect(at(there, "recoveryPlan.vms.nodes.0.nics.0.ipAddresses")).toEqual(["10.0.2.1"]);
    expect(at(there, "recoveryPlan.faults")).toEqual([]);
    await home();
    expect(await look()).toEqual(before);
    // And twice more, leaving home again before anybody has read what is there.
    for (let round = 0; round < 2; round++) {
      await move("startRecovery", { recoveryType: "PLANNED" });
      await reprotect();
      expect(await look()).toEqual(there);
      await home();
    }
    expect(await look()).toEqual(before);
    const last = await contents(await machines());
    first.forEach((written, index) => {
      expect(secondsLost(written, last[index] ?? [])).toBe(0);
    });
  });
});

describe("a name that is taken at the end of a reprotect", () => {
  const namesAtB = async () => {
    const vms = list(await stage.ask('{ vms(filter: { name: "vm-" }) { nodes { name site { name } } } }'), "vms.nodes");
    return vms.filter((vm) => at(vm, "site.name") === "B").map((vm) => text(vm, "name"));
  };

  it("by an old reading of the site keeps nobody: the machine of that reading is told apart until the next one", async () => {
    await stage.db.database.pool.query(
      "INSERT INTO virtual_machine (id, site_id, external_id, name) SELECT gen_random_uuid(), id, 'long gone', 'VM-1' FROM site WHERE name = 'B'",
    );
    await move("startRecovery", { recoveryType: "PLANNED" });
    await reprotect();
    expect(await namesAtB()).toEqual(["vm-1", expect.stringMatching(/^VM-1 \([0-9a-f-]+\)$/), "vm-2", "vm-3"]);
    await look();
    expect(await namesAtB()).toEqual(["vm-1", "vm-2", "vm-3"]);
  });

  it("by another machine of the site fails the step, names it, and is gone on with once that has another name", async () => {
    await stage.lab.define({ sites: [{ id: "B", name: "B", vms: [{ id: "squatter", name: "vm-2-placeholder" }] }], groups: [] });
    await move("startPlannedFailover", {});
    const { resultState, recoveryId } = await stage.run("startReprotect", { planId });
    expect(resultState).toBe("PARTIAL");
    expect(await errorsOf(recoveryId)).toEqual([expect.stringContaining("vm-2-placeholder exists here already")]);
    await stage.lab.takeAway("B", "VM", "squatter");
    await reprotect();
  });
});

it("all of that reads no large table from end to end", async () => {
  const texts = [...sent.stop()].filter((text) => text !== machinesText && !/\blab\./.test(text));
  // A tree is written by COPY, which reads nothing and has no plan.
  for (const written of ["UPDATE recovery_step", "UPDATE recovery ", "INSERT INTO event", "recovered_vm", "vm_place", "token_hash"])
    expect(
      texts.some((text) => text.includes(written)),
      written,
    ).toBe(true);
  expect(await fullReadsInLargeWorld(texts)).toEqual([]);
});

async function errorsOf(recoveryId: string): Promise<unknown> {
  return at(await stage.ask("query ($id: ID!) { recovery(id: $id) { errors } }", { id: recoveryId }), "recovery.errors");
}
