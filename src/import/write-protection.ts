/** Writes groups with their members, placeholders and first recovery points, and plans. A plan's step keeps its id while it keeps its name. */
import { v7 as newId } from "uuid";
import type { Point } from "../providers/contract.ts";
import type { Tx } from "./current-rows.ts";
import { type GroupItem, keyOf, type Model, type PlanItem, pairKey } from "./items.ts";
import { placeholderExternalId, placeholderName } from "./lab-definition.ts";
import { idOf, splitUp, type Writing } from "./write-inventory.ts";

/** `points`: what the provider has of each group, by its external id. */
export async function writeGroups(writing: Writing, together: Model, points: ReadonlyMap<string, readonly Point[]>): Promise<void> {
  const { tx, ids } = writing;
  const { created, changed } = splitUp(writing, "groups");
  const rowOf = ({ protectedSite, recoverySite, storageGroups: _, virtualMachines: __, ...item }: GroupItem) => ({
    ...item,
    protectedSiteId: idOf(ids, "sites", keyOf(protectedSite)),
    recoverySiteId: idOf(ids, "sites", keyOf(recoverySite)),
  });
  await tx.protectionGroup.createMany({ data: created.map(({ id, item }) => ({ id, ...rowOf(item), peerState: "READY" as const })) });
  for (const { id, item } of changed)
    await tx.protectionGroup.update({ where: { id }, data: { ...rowOf(item), version: { increment: 1 } } });
  const all = [...created, ...changed];
  for (const { id, item } of all) await writeMembers(writing, id, item, together, points.get(item.externalId) ?? []);
  for (const { id, item } of all) await writeStorage(writing, id, item);
}

async function writeMembers(
  { tx, ids }: Writing,
  groupId: string,
  group: GroupItem,
  together: Model,
  points: readonly Point[],
): Promise<void> {
  const lastSync = points.find(({ complete }) => complete);
  const site = together.sites.get(keyOf(group.recoverySite))?.externalId ?? group.recoverySite;
  const members = group.virtualMachines.map((name) => ({ name, vmId: idOf(ids, "vms", keyOf(group.protectedSite, name)) }));
  await tx.protectedVm.deleteMany({ where: { groupId, vmId: { notIn: members.map(({ vmId }) => vmId) } } });
  await tx.protectedVm.createMany({
    skipDuplicates: true,
    data: members.map(({ name, vmId }) => ({
      vmId,
      groupId,
      protectionState: lastSync ? ("SHADOWING" as const) : ("CONFIGURING" as const),
      placeholderName: placeholderName(name),
      placeholderExternalId: placeholderExternalId(site, name),
      recoveryDatastoreId: recoveryDatastore({ ids }, group, name, together),
      replicationState: lastSync ? ("SYNCED" as const) : ("SYNCING" as const),
      lastSyncAt: lastSync ? new Date(lastSync.takenAt) : null,
    })),
  });
  await tx.recoveryPoint.createMany({
    skipDuplicates: true,
    data: points.map(({ pointId, takenAt, complete, sizeBytes }) => ({
      groupId,
      externalId: pointId,
      takenAt: new Date(takenAt),
      complete,
      sizeBytes,
    })),
  });
}

/** Where the VM's copy lies: the target of the storage group that has its datastore. */
function recoveryDatastore({ ids }: Pick<Writing, "ids">, group: GroupItem, vm: string, together: Model): string | null {
  const datastore = together.vms.get(keyOf(group.protectedSite, vm))?.datastore;
  const storage = group.storageGroups.find(({ sources }) => sources.some((source) => datastore && keyOf(source) === keyOf(datastore)));
  return storage === undefined ? null : idOf(ids, "datastores", keyOf(group.recoverySite, storage.target));
}

async function writeStorage(
  { tx, ids }: Writing,
  groupId: string,
  { protectedSite, recoverySite, storageGroups }: GroupItem,
): Promise<void> {
  await tx.storageGroup.deleteMany({ where: { groupId } });
  for (const { sources, target } of storageGroups) {
    const datastoreIds = sources.map((source) => idOf(ids, "datastores", keyOf(protectedSite, source)));
    const storage = await tx.storageGroup.create({
      data: { id: newId(), groupId, targetDatastoreId: idOf(ids, "datastores", keyOf(recoverySite, target)) },
    });
    await tx.storageGroupSource.createMany({ data: datastoreIds.map((datastoreId) => ({ datastoreId, storageGroupId: storage.id })) });
    await tx.datastore.updateMany({ where: { id: { in: datastoreIds } }, data: { replicationState: "SYNCED" } });
  }
}

export async function writePlans(writing: Writing): Promise<void> {
  const { tx, ids } = writing;
  const { created, changed } = splitUp(writing, "plans");
  const rowOf = ({ protectedSite, recoverySite, priorityGroups: _, ...item }: PlanItem) => ({
    ...item,
    pairingId: idOf(ids, "pairings", pairKey(protectedSite, recoverySite)),
  });
  await tx.recoveryPlan.createMany({ data: created.map(({ id, item }) => ({ id, ...rowOf(item) })) });
  for (const { id, item } of changed) await tx.recoveryPlan.update({ where: { id }, data: { ...rowOf(item), version: { increment: 1 } } });
  for (const { id, item } of [...created, ...changed]) await writePriorityGroups(writing, id, item);
}

async function writePriorityGroups({ tx, ids }: Writing, planId: string, { priorityGroups }: PlanItem): Promise<void> {
  const known = await stepIds(tx, planId);
  const groupsById = new Map((await tx.planPriorityGroup.findMany({ where: { planId } })).map(({ id, priority }) => [priority, id]));
  await tx.planProtectionGroup.deleteMany({ where: { planId } });
  await tx.planStep.deleteMany({ where: { priorityGroup: { planId } } });
  await tx.planPriorityGroup.deleteMany({ where: { planId, priority: { notIn: priorityGroups.map(({ priority }) => priority) } } });
  for (const { priority, name, protectionGroups, steps } of priorityGroups) {
    const priorityGroupId = groupsById.get(priority) ?? newId();
    await tx.planPriorityGroup.upsert({
      where: { id: priorityGroupId },
      create: { id: priorityGroupId, planId, priority, name },
      update: { name },
    });
    await tx.planProtectionGroup.createMany({
      data: protectionGroups.map((group) => ({ planId, groupId: idOf(ids, "groups", keyOf(group)), priorityGroupId })),
    });
    await tx.planStep.createMany({
      data: steps.map((step, index) => ({
        ...step,
        id: known(priority, step.phase, step.name),
        arguments: [...step.arguments],
        priorityGroupId,
        position: steps.slice(0, index).filter(({ phase }) => phase === step.phase).length + 1,
      })),
    });
  }
}

/** The id of the step of this name in this phase, each given once; else a new one. */
async function stepIds(tx: Tx, planId: string): Promise<(priority: number, phase: string, name: string) => string> {
  const steps = await tx.planStep.findMany({
    where: { priorityGroup: { planId } },
    orderBy: { position: "asc" },
    select: { id: true, phase: true, name: true, priorityGroup: { select: { priority: true } } },
  });
  const known = Map.groupBy(steps, ({ phase, name, priorityGroup }) => keyOf(`${priorityGroup.priority}`, phase, name));
  return (priority, phase, name) => known.get(keyOf(`${priority}`, phase, name))?.shift()?.id ?? newId();
}
