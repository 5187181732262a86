/**
 * Rules: what makes some true, and their remedies, followed. What is not made true by the public API, or by what happens at the lab's sites, says
 * why. In an order in which each leaves the plans as the next one needs them.
 */
import type { ReadinessCode } from "../../../src/domain/readiness/rules.ts";
import type { ReadinessStage } from "./stage.ts";

export interface Opened {
  readonly code: Exclude<ReadinessCode, "OTHER">;
  /** "shop" where it is left out. */
  readonly plan?: string;
  readonly severity: "BLOCKER" | "WARNING";
  /** Type and name; the plan where it is left out. */
  readonly object?: readonly [type: string, name: string];
  /** What the remedy has to say for this to be how it is followed. */
  readonly remedy: RegExp;
}

export interface Case {
  readonly opens: readonly Opened[];
  readonly make: (stage: ReadinessStage) => Promise<unknown>;
  /** All of the remedies. */
  readonly follow: (stage: ReadinessStage) => Promise<unknown>;
}

export const plan = ({ id }: ReadinessStage, name = "shop") => ({ planId: id("RecoveryPlan", name) });
export const vm = (name: string) => ["VirtualMachine", name] as const;
export const settings = (stage: ReadinessStage, name: string, more: object) =>
  stage.change("configureVmRecoverySettings", { vmId: stage.id("VirtualMachine", name), ...more });
export const steps = (stage: ReadinessStage, ...prePowerOnSteps: object[]) =>
  stage.change("configurePriorityGroups", {
    ...plan(stage),
    priorityGroups: [{ priority: 1, prePowerOnSteps: prePowerOnSteps.map((command) => ({ command })) }],
  });
const addresses = (...rules: object[]) => ({
  ipCustomization: { enabled: true, rules: rules.map((rule) => ({ prefixLength: 24, ...rule })) },
});
const mapping = (stage: ReadinessStage, target: string) =>
  stage.change("setNetworkMapping", {
    sourceNetworkId: stage.id("Network", "LAN A"),
    targetNetworkId: stage.id("Network", target),
    testNetworkId: stage.id("Network", "Bubble"),
  });

export const settingsCases: readonly Case[] = [
  {
    opens: [
      { code: "RTO_OVER_TARGET", severity: "WARNING", remedy: /raise rtoTargetSeconds/ },
      { code: "SCRIPT_MISSING", severity: "BLOCKER", object: ["Program", "/scripts/none.sh"], remedy: /or correct the command/ },
      { code: "SECRET_MISSING", severity: "BLOCKER", object: ["Secret", "none"], remedy: /or correct the command's passwordSecretId/ },
    ],
    async make(stage) {
      await stage.change("updateRecoveryPlan", { ...plan(stage), rtoTargetSeconds: 1 });
      await steps(stage, { name: "tell", command: "/scripts/none.sh" });
      const guestCredentials = { username: "root", passwordSecretId: "none" };
      await settings(stage, "vm-1", { postPowerOnCommands: [{ command: "x", runInGuest: true, guestCredentials }] });
    },
    async follow(stage) {
      await stage.change("updateRecoveryPlan", { ...plan(stage), rtoTargetSeconds: 86_400 });
      await steps(stage, { name: "tell", command: "/scripts/note.sh" });
      await settings(stage, "vm-1", { postPowerOnCommands: [{ command: "x", runInGuest: true }] });
    },
  },
  {
    opens: [
      { code: "MAPPING_MISSING", severity: "BLOCKER", object: ["Network", "LAN A"], remedy: /Map it/ },
      { code: "CAPABILITY_MISSING", severity: "BLOCKER", object: vm("vm-1"), remedy: /Change the VM's recovery settings/ },
    ],
    async make(stage) {
      await stage.change("deleteNetworkMapping", { networkMappingId: stage.id("NetworkMapping", "LAN A") });
      await stage.changeSite("B", { capabilities: { guestCommands: false } });
    },
    async follow(stage) {
      await mapping(stage, "LAN B");
      await settings(stage, "vm-1", { postPowerOnCommands: [] });
    },
  },
  {
    opens: [{ code: "DUPLICATE_ADDRESS", severity: "BLOCKER", object: vm("vm-2"), remedy: /an address of its own/ }],
    async make(stage) {
      await settings(stage, "vm-1", addresses({ nicIndex: 0, targetIp: "10.0.2.1" }));
      await settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.2" }));
      // By SQL: every mutation that would lead to it refuses it. It is what another release, or somebody at the database, may have left.
      await stage.sql("UPDATE ip_rule SET target_ip = '10.0.2.1'");
    },
    follow: (stage) => settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.2" })),
  },
  {
    opens: [{ code: "DEPENDENCY_CYCLE", severity: "BLOCKER", remedy: /Remove one of the named dependencies/ }],
    // By SQL, as above.
    make: ({ sql }) =>
      sql(`INSERT INTO vm_dependency (vm_id, depends_on_vm_id) SELECT a.id, b.id FROM virtual_machine a, virtual_machine b
        WHERE (a.name, b.name) IN (('vm-1', 'vm-2'), ('vm-2', 'vm-1'))`),
    follow: (stage) => settings(stage, "vm-1", { dependsOnVmIds: [] }),
  },
  {
    opens: [
      { code: "IP_RULE_UNMATCHED", severity: "WARNING", object: vm("vm-1"), remedy: /Correct the rule's adapter/ },
      { code: "DEPENDENCY_OUTSIDE_RUN", plan: "web", severity: "WARNING", object: vm("vm-3"), remedy: /or remove the dependency/ },
    ],
    async make(stage) {
      await settings(stage, "vm-1", addresses({ nicIndex: 7, targetIp: "10.0.2.7" }));
      await settings(stage, "vm-3", { dependsOnVmIds: [stage.id("VirtualMachine", "vm-1")] });
    },
    async follow(stage) {
      await settings(stage, "vm-1", addresses({ nicIndex: 0, targetIp: "10.0.2.7" }));
      await settings(stage, "vm-3", { dependsOnVmIds: [] });
    },
  },
  {
    opens: [
      { code: "MEMORY_SHORT", severity: "BLOCKER", object: ["ResourcePool", "Pool B"], remedy: /Raise the pool's limit/ },
      { code: "CPU_SHORT", severity: "WARNING", object: ["ResourcePool", "Pool B"], remedy: /Raise the pool's limit/ },
      { code: "ADDRESS_IN_USE", severity: "BLOCKER", object: vm("vm-2"), remedy: /Change the VM's IP rule/ },
      { code: "INVENTORY_MISSING", severity: "BLOCKER", object: ["Network", "LAN B"], remedy: /map to another one/ },
      { code: "DATASTORE_SHORT", plan: "stored", severity: "BLOCKER", object: ["Datastore", "All B"], remedy: /or extend it/ },
    ],
    async make(stage) {
      await stage.lab.takeAway(stage.labId("Site", "B"), "NETWORK", "LAN B");
      await stage.changeSite("B", {
        datastores: [{ name: "All B", capacityBytes: 1_000, freeBytes: 1 }],
        resourcePools: [{ name: "Pool B", cluster: "Cluster B", memoryLimitMb: 1, cpuLimitMhz: 1 }],
        vms: [{ id: "stranger", name: "stranger", nics: [{ nicIndex: 0, networkId: "Other B", ipAddresses: ["10.0.2.2"] }] }],
      });
    },
    async follow(stage) {
      await mapping(stage, "Other B");
      await settings(stage, "vm-2", addresses({ nicIndex: 0, targetIp: "10.0.2.3" }));
      await stage.changeSite("B", {
        datastores: [{ name: "All B" }],
        resourcePools: [{ name: "Pool B", cluster: "Cluster B", memoryLimitMb: 1_000_000, cpuLimitMhz: 1_000_000 }],
      });
    },
  },
];
