/** Protection groups: what is protected and recovered together. (Reference: Protection Groups Management.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { computed } from "../cost.ts";
import { type Fault, FaultRef, storedFault } from "../faults.ts";
import { DatastoreRef } from "../inventory/types.ts";
import { VmConnection, vmArgs, vmRequest } from "../inventory/types-vm-list.ts";
import type { Loaders } from "../loaders.ts";
import { defaultGroupPage, largestPage } from "../page-size.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import { shownIn } from "../shown.ts";
import { SiteRef } from "../sites/types.ts";
import { TaskRef } from "../tasks/types-refs.ts";
import type { GroupCounts } from "./loaders.ts";
import { PeerState, PointConsistency, ProtectionGroupState, ProtectionGroupType, ProtectionState, ReplicationType } from "./types-enums.ts";
import { type GroupRow, ProtectionGroupRef, RecoveryPointRef } from "./types-refs.ts";

builder.node(RecoveryPointRef, {
  description: "A state of a group's data that it can be recovered to. (Reference: recovery_point_type.)",
  id: { resolve: ({ id }) => id, description: "Global id of the point." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.recoveryPoint.loadMany(ids)),
  fields: (t) => ({
    takenAt: t.expose("takenAt", { type: "DateTime", description: "The moment whose data it holds." }),
    consistency: t.expose("consistency", { type: PointConsistency, description: "What it can be trusted to hold." }),
    complete: t.exposeBoolean("complete", { description: "Written and checked at the recovery site; only such a point is used." }),
    sizeBytes: t.expose("sizeBytes", { type: "ByteCount", description: "How much it holds, in bytes." }),
    pinned: t.boolean({
      description: "A run works on it, so retention leaves it.",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.pinsOfPoint.load(id)).length > 0,
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The group that it belongs to.",
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
  }),
});

const RecoveryPointConnection = builder.connectionObject(
  { type: RecoveryPointRef, name: "RecoveryPointConnection", description: "A page of recovery points." },
  { name: "RecoveryPointEdge", description: "A recovery point in a page." },
);

const RecoveryPointOrderField = builder.enumType("RecoveryPointOrderField", {
  description: "What recovery points are sorted by.",
  values: { TAKEN_AT: { description: "The moment whose data they hold." } } as const,
});
const RecoveryPointOrder = builder.inputType("RecoveryPointOrder", {
  description: "How recovery points are sorted.",
  fields: (t) => ({
    field: t.field({ type: RecoveryPointOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});
const RecoveryPointFilter = builder.inputType("RecoveryPointFilter", {
  description: "Which recovery points.",
  fields: (t) => ({ complete: t.boolean({ description: "Only complete ones, or only others." }) }),
});

/** All VMs shadowing, some configured, none, else. */
export function protectionState(counts: GroupCounts | null): "PROTECTED" | "PARTIALLY_CONFIGURED" | "NOT_CONFIGURED" | "NOT_PROTECTED" {
  if (counts === null || counts.configured === 0) return "NOT_CONFIGURED";
  if (counts.shadowing === counts.vms) return "PROTECTED";
  return counts.configured < counts.vms ? "PARTIALLY_CONFIGURED" : "NOT_PROTECTED";
}

const faultsOf = async (group: GroupRow, loaders: Loaders): Promise<Fault[]> => [
  ...storedFault(group),
  ...(await loaders.computedFaultsOfGroup.load(group.id)),
];

builder.node(ProtectionGroupRef, {
  description: "VMs that are protected and recovered together. (Reference: List Protection Groups, Get Protection Group Details.)",
  id: { resolve: ({ id }) => id, description: "Global id of the protection group." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.group.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique among protection groups without regard to case." }),
    description: t.exposeString("description", { description: "What it is, in the owner's words; may be empty." }),
    type: t.expose("type", { type: ProtectionGroupType, description: "What kind of protection it has." }),
    replicationType: t.expose("replicationType", { type: ReplicationType, description: "How its data gets to the recovery site." }),
    state: t.expose("state", { type: ProtectionGroupState, description: "Its state." }),
    peerState: t.expose("peerState", { type: PeerState, description: "Its state as the peer site last reported it." }),
    protectionState: t.field({
      type: ProtectionState,
      description: "How far its VMs are protected.",
      resolve: async ({ id }, _args, { loaders }) => protectionState(await loaders.countsOfGroup.load(id)),
    }),
    protectedSite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it is protected at, in its direction now.",
      resolve: ({ protectedSiteId }, _args, { loaders }) => loaders.site.load(protectedSiteId),
    }),
    recoverySite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it is recovered at, in its direction now.",
      resolve: ({ recoverySiteId }, _args, { loaders }) => loaders.site.load(recoverySiteId),
    }),
    rpoMinutes: t.exposeInt("rpoMinutes", { description: "So old at most may its replica be, in minutes." }),
    pointInTimeInstances: t.exposeInt("pointInTimeInstances", { description: "So many recovery points are kept." }),
    consistencyGroups: t.exposeBoolean("consistencyGroups", { description: "All its VMs have their points at the same moment." }),
    snapshotIntervalMinutes: t.exposeInt("snapshotIntervalMinutes", {
      nullable: true,
      description: "Minutes between snapshots of a SNAPSHOT group; null for other types.",
    }),
    snapshotRetention: t.exposeInt("snapshotRetention", {
      nullable: true,
      description: "How many snapshots of a SNAPSHOT group are kept; null for other types.",
    }),
    lastTestTime: t.expose("lastTestAt", { type: "DateTime", nullable: true, description: "When it was last tested; null: never." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    version: t.exposeInt("version", { description: "Rises with each change." }),
    vmCount: t.int({
      description: "How many VMs it has (reference: vm_count, resource_count).",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.countsOfGroup.load(id))?.vms ?? 0,
    }),
    needsConfigurationCount: t.int({
      cost: computed,
      description: "How many of its VMs need configuration: VirtualMachine.configurationReasons says what for.",
      resolve: ({ id }, _args, { loaders }) => loaders.unreadyVmsOfGroup.load(id),
    }),
    datastoreCount: t.int({
      description: "How many replicated datastores it has (reference: storage_count).",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.datastoresOfGroup.load(id)).length,
    }),
    recoveryPlanCount: t.int({
      description: "How many recovery plans it is part of.",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.plansOfGroup.load(id)).length,
    }),
    faults: t.field({
      type: [FaultRef],
      cost: computed,
      description:
        "What is wrong with it: what its last run left, sites that can't be reached, VMs with faults, VMs that are not configured, unprotected VMs on its datastores, VMs that vanished, RPO violations.",
      resolve: (group, _args, { loaders }) => faultsOf(group, loaders),
    }),
    fault: t.field({
      type: FaultRef,
      nullable: true,
      cost: computed,
      description: "The first of the faults; null: nothing is wrong.",
      resolve: async (group, _args, { loaders }) => (await faultsOf(group, loaders))[0] ?? null,
    }),
    vms: t.field({
      type: VmConnection,
      description: "Its VMs, by name unless told otherwise.",
      args: {
        ...vmArgs,
        first: t.arg.int({
          description: `How many from the start, 1 to ${largestPage}; ${defaultGroupPage} when neither \`first\` nor \`last\` is given.`,
        }),
      },
      cost: { times: defaultGroupPage },
      reads: ["id"],
      resolve: ({ id }, args, { loaders }, info) =>
        loaders.vmList.rows({ kind: "group", id }, vmRequest({ ...args, defaultSize: defaultGroupPage }), shownIn(info)),
    }),
    datastores: t.field({
      type: [DatastoreRef],
      description: "The datastores that its data is on: its storage groups', and those of its VMs.",
      resolve: async ({ id }, _args, { loaders }) => {
        const rows = await loaders.datastoresOfGroup.load(id);
        const found = await Promise.all(rows.map(({ datastoreId }) => loaders.datastore.load(datastoreId)));
        return found.filter((row) => row !== null);
      },
    }),
    recoveryPlans: t.field({
      type: [RecoveryPlanRef],
      description: "The recovery plans that it is part of, by name.",
      resolve: async ({ id }, _args, { loaders }) => {
        const rows = await loaders.plansOfGroup.load(id);
        const found = await Promise.all(rows.map(({ planId }) => loaders.plan.load(planId)));
        return found.filter((row) => row !== null);
      },
    }),
    usedBy: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The test or recovery that has it now; null: none has. What works on it alone has a task: `activeTask`.",
      resolve: async ({ id }, _args, { loaders }) => {
        const use = await loaders.useOfGroup.load(id);
        return use && loaders.recovery.load(use.runId);
      },
    }),
    activeTask: t.field({
      type: TaskRef,
      nullable: true,
      description:
        "Its creation or deletion that is under way; null: none is. A change of its members has no task: it is CONFIGURING meanwhile.",
      resolve: async ({ id }, _args, { loaders }) => {
        const facts = await loaders.factsOfGroup.load(id);
        const own = facts?.taskId && (facts.runKind === "GROUP_CREATE" || facts.runKind === "GROUP_DELETE");
        return own ? loaders.task.load(facts.taskId) : null;
      },
    }),
    recoveryPoints: t.field({
      type: RecoveryPointConnection,
      description: "States that it can be recovered to, newest first unless told otherwise.",
      args: {
        ...t.arg.connectionArgs(),
        filter: t.arg({ type: RecoveryPointFilter, description: "Which points; all by default." }),
        orderBy: t.arg({ type: RecoveryPointOrder, description: "How they are sorted." }),
      },
      resolve: ({ id }, args, { loaders }) => loaders.pointList.nodes({ kind: "group", id }, args, loaders.recoveryPoint),
    }),
  }),
});
