/** Rules about sites, what is at them, and replication. */
import { type Case, vm } from "./cases.ts";
import type { ReadinessStage } from "./stage.ts";

const data = ["ProtectionGroup", "data"] as const;

/** Cut off, and silent for long enough. */
async function lose(stage: ReadinessStage, site: "A" | "B"): Promise<void> {
  await stage.beat();
  await stage.lab.faults.partition(stage.labId("Site", site));
  await stage.later(31);
  await stage.beat();
}

async function restore(stage: ReadinessStage): Promise<void> {
  await stage.lab.faults.clear();
  await stage.later(5);
  await stage.beat();
}

const machine = (stage: ReadinessStage, name: string, datastore: string, id = stage.labId("VirtualMachine", name)) => ({
  id,
  name,
  datastore,
  folder: "/A/Shop",
  resourcePool: "Pool A",
  nics: [{ nicIndex: 0, networkId: "LAN A", ipAddresses: [] }],
});
const add = (stage: ReadinessStage, group: string, name: string) =>
  stage.work("addProtectedVms", { groupId: stage.id("ProtectionGroup", group), vmIds: [stage.id("VirtualMachine", name)] });

export const siteCases: readonly Case[] = [
  {
    opens: [
      { code: "SITE_DISCONNECTED", severity: "WARNING", object: ["Site", "A"], remedy: /Restore the connection/ },
      { code: "SITE_PARTIALLY_CONNECTED", severity: "WARNING", object: ["Site", "B"], remedy: /managers or replication servers/ },
    ],
    make: (stage) => lose(stage, "A"),
    follow: restore,
  },
  {
    opens: [{ code: "SITE_DISCONNECTED", severity: "BLOCKER", object: ["Site", "B"], remedy: /Restore the connection/ }],
    make: (stage) => lose(stage, "B"),
    follow: restore,
  },
  {
    opens: [{ code: "SITE_NOT_ANSWERING", severity: "BLOCKER", remedy: /See why the site's provider does not answer/ }],
    make: (stage) => stage.lab.faults.fail({ site: stage.labId("Site", "B"), kind: "capabilities", times: Infinity }),
    follow: ({ lab }) => lab.faults.clear(),
  },
  {
    opens: [
      { code: "VM_FAULT", plan: "spare", severity: "WARNING", object: ["ProtectionGroup", "spare"], remedy: /faults of the named VMs/ },
    ],
    async make(stage) {
      await stage.lab.faults.fail({ kind: "createPlaceholder", failure: "PERMANENT", times: Infinity });
      await add(stage, "spare", "vm-7");
      await stage.lab.faults.clear();
    },
    // Its fault says that the placeholder could not be made; the site can now.
    follow: (stage) => add(stage, "spare", "vm-7"),
  },
  {
    opens: [
      {
        code: "MISSING_AT_SOURCE",
        plan: "spare",
        severity: "WARNING",
        object: vm("vm-7"),
        remedy: /or remove it from its protection group/,
      },
      {
        code: "UNPROTECTED_VM",
        plan: "stored",
        severity: "WARNING",
        object: ["ProtectionGroup", "stored"],
        remedy: /move it to another datastore/,
      },
      { code: "VM_NOT_CONFIGURED", plan: "stored", severity: "WARNING", object: vm("vm-8"), remedy: /Configure the VM's protection/ },
    ],
    async make(stage) {
      await stage.lab.takeAway(stage.labId("Site", "A"), "VM", stage.labId("VirtualMachine", "vm-7"));
      // A machine that another group protects comes to the replicated datastore, and one that nobody does.
      await stage.changeSite("A", { vms: [machine(stage, "vm-4", "Disk A"), machine(stage, "vm-8", "Disk A", "vm-8")] });
    },
    async follow(stage) {
      await stage.work("removeProtectedVm", { vmId: stage.id("VirtualMachine", "vm-7") });
      await stage.changeSite("A", { vms: [machine(stage, "vm-4", "Fast A")] });
      await add(stage, "stored", "vm-8");
    },
  },
];

/** The sites don't reach each other, and the groups' next cycles fail for it. */
async function cutLink(stage: ReadinessStage, seconds: number): Promise<void> {
  await stage.measureLag();
  await stage.lab.faults.cutLink(stage.labId("Site", "A"), stage.labId("Site", "B"));
  await stage.replicated(false);
  await stage.later(seconds);
  await stage.measureLag();
}

/** The groups are copied again by themselves. */
async function restoreLink(stage: ReadinessStage): Promise<void> {
  await stage.lab.faults.clear();
  await stage.replicated();
  await stage.measureLag();
}

const lag = /See why replication lags: the site's connection/;

/** The RPO is 15 minutes. */
export const replicationCases: readonly Case[] = [
  {
    opens: [
      { code: "REPLICATION_FAILED", severity: "WARNING", object: data, remedy: /the group is replicated again by itself/ },
      { code: "RPO_VIOLATION", severity: "WARNING", object: data, remedy: lag },
    ],
    make: (stage) => cutLink(stage, 16 * 60),
    follow: restoreLink,
  },
  {
    opens: [{ code: "RPO_CRITICAL", severity: "BLOCKER", object: data, remedy: lag }],
    make: (stage) => cutLink(stage, 46 * 60),
    follow: restoreLink,
  },
  {
    opens: [{ code: "NO_RECOVERY_POINT", severity: "BLOCKER", object: data, remedy: /Wait for the group's next replication/ }],
    // By SQL: points are discarded but for the newest ones, and a group is in no plan before its first copy.
    make: ({ sql }) => sql("DELETE FROM recovery_point WHERE group_id = (SELECT id FROM protection_group WHERE name = 'data')"),
    follow: (stage) => stage.replicated(),
  },
];
