/** The tables that an import is about, each read as it is: joined here, since Prisma would ask for relations side by side on one connection. */
import type { Prisma } from "../database/generated/client.ts";

export type Tx = Prisma.TransactionClient;

export type Rows = Awaited<ReturnType<typeof readRows>>;

export async function readRows(tx: Tx) {
  const byPosition = { orderBy: { position: "asc" } } as const;
  const byId = { orderBy: { id: "asc" } } as const;
  return {
    sites: await tx.site.findMany(byId),
    pairings: await tx.sitePairing.findMany(byId),
    arrayManagers: await tx.arrayManager.findMany(byId),
    replicationServers: await tx.replicationServer.findMany(byId),
    datastores: await tx.datastore.findMany(byId),
    networks: await tx.network.findMany(byId),
    resourcePools: await tx.resourcePool.findMany(byId),
    folders: await tx.folder.findMany(byId),
    // A name means the VM that is there, before one that had it and vanished.
    vms: await tx.virtualMachine.findMany({ orderBy: [{ missingSince: "asc" }, { id: "asc" }] }),
    nics: await tx.vmNic.findMany({ orderBy: { nicIndex: "asc" } }),
    networkMappings: await tx.networkMapping.findMany(byId),
    folderMappings: await tx.folderMapping.findMany(byId),
    resourceMappings: await tx.resourceMapping.findMany(byId),
    groups: await tx.protectionGroup.findMany(byId),
    storageGroups: await tx.storageGroup.findMany(byId),
    storageSources: await tx.storageGroupSource.findMany(),
    members: await tx.protectedVm.findMany({ select: { vmId: true, groupId: true } }),
    plans: await tx.recoveryPlan.findMany(byId),
    priorityGroups: await tx.planPriorityGroup.findMany({ orderBy: { priority: "asc" } }),
    planGroups: await tx.planProtectionGroup.findMany(),
    planSteps: await tx.planStep.findMany({ orderBy: [{ phase: "asc" }, { position: "asc" }] }),
    settings: await tx.vmRecoverySettings.findMany(),
    ipRules: await tx.ipRule.findMany(byPosition),
    commands: await tx.vmCommand.findMany({ orderBy: [{ phase: "asc" }, { position: "asc" }] }),
    dependencies: await tx.vmDependency.findMany(),
    vmMappings: await tx.vmNetworkMapping.findMany(),
  };
}

/** Finds rows by id; a foreign key says that each is there. */
export function finder<R extends { readonly id: string }>(rows: readonly R[]): (id: string) => R {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return (id) => {
    const row = byId.get(id);
    if (row === undefined) throw new Error(`There is no row ${id}`);
    return row;
  };
}

/** Finds the rows that belong to one. */
export function lister<R>(rows: readonly R[], owner: (row: R) => string): (id: string) => readonly R[] {
  const byOwner = Map.groupBy(rows, owner);
  return (id) => byOwner.get(id) ?? [];
}
