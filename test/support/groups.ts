/** Runs of protection groups on lab sites, told in a few words: what the service would write is written here. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import { inTransaction } from "../../src/database/transaction.ts";
import { insertGroupRun } from "../../src/domain/protection/service-group-run.ts";
import type { FormerMember, GroupSnapshot, NewMember } from "../../src/engine/group-snapshot.ts";
import type { SnapshotSite } from "../../src/engine/run-snapshot.ts";
import type { LabSites } from "./lab.ts";
import { operator } from "./node.ts";

interface GroupWish {
  readonly name?: string;
  /** Which of the lab's spare VMs, from 0. */
  readonly vms: readonly number[];
  /** On the lab's datastores, so that they are looked at first. */
  readonly storage?: boolean;
}

export interface StartedGroupRun {
  readonly runId: string;
  readonly groupId: string;
}

export interface GroupRows {
  readonly pairingId: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly sourceDatastoreId: string;
  /** Database ids of the lab's spare VMs. */
  readonly vmIds: readonly string[];
  create(wish: GroupWish): Promise<StartedGroupRun>;
  /** Spare VMs that join and others that leave. */
  update(groupId: string, added: readonly number[], removed?: readonly number[]): Promise<StartedGroupRun>;
  remove(groupId: string, options?: { readonly force?: boolean }): Promise<StartedGroupRun>;
  cancel(runId: string): Promise<void>;
}

export async function groupRows(database: Database, sites: LabSites): Promise<GroupRows> {
  const { prisma, pool } = database;
  const [protectedSiteId, recoverySiteId, pairingId] = [uuid(), uuid(), uuid()];
  const [sourceDatastoreId, targetDatastoreId] = [uuid(), uuid()];
  await prisma.site.createMany({
    data: [
      { id: protectedSiteId, name: sites.protectedSite, type: "PROTECTED", provider: "lab", externalId: sites.protectedSite },
      { id: recoverySiteId, name: sites.recoverySite, type: "RECOVERY", provider: "lab", externalId: sites.recoverySite },
    ],
  });
  await prisma.sitePairing.create({ data: { id: pairingId, localSiteId: protectedSiteId, remoteSiteId: recoverySiteId } });
  const bytes = { type: "VMFS", capacityBytes: 100, freeBytes: 50 } as const;
  await prisma.datastore.createMany({
    data: [
      { ...bytes, id: sourceDatastoreId, siteId: protectedSiteId, name: sites.sourceDatastore },
      { ...bytes, id: targetDatastoreId, siteId: recoverySiteId, name: sites.targetDatastore },
    ],
  });
  const vms = sites.spare.map(({ id: externalId, name }) => ({ id: uuid(), externalId, name }));
  await prisma.virtualMachine.createMany({ data: vms.map((vm) => ({ ...vm, siteId: protectedSiteId })) });

  const site = (id: string, name: string): SnapshotSite => ({
    id,
    name,
    provider: "lab",
    externalId: name,
    capabilities: {
      ipCustomisation: "BEFORE_POWER_ON",
      guestCommands: true,
      folders: true,
      resourcePools: true,
      minimumRpoMinutes: 1,
      maximumPointInTimeInstances: 64,
    },
  });
  const base = (groupId: string, name: string) => ({
    version: 1 as const,
    group: { id: groupId, name, externalId: groupId },
    protectedSite: site(protectedSiteId, sites.protectedSite),
    recoverySite: site(recoverySiteId, sites.recoverySite),
    pastSeconds: {},
    warnings: [],
  });
  const newMembers = (which: readonly number[]): NewMember[] =>
    which
      .flatMap((index) => vms[index] ?? [])
      .map((vm) => ({
        ...vm,
        placeholderName: `${vm.name}-placeholder`,
        folderId: sites.folder,
        resourcePoolId: sites.resourcePool,
      }));
  const join = (groupId: string, members: readonly NewMember[]) =>
    prisma.protectedVm.createMany({
      data: members.map(({ id: vmId, placeholderName }) => ({ vmId, groupId, placeholderName, protectionState: "CONFIGURING" as const })),
    });
  const members = async (groupId: string): Promise<FormerMember[]> => {
    const rows = await prisma.protectedVm.findMany({ where: { groupId }, include: { vm: true } });
    return rows.map(({ vm: { id, name, externalId }, placeholderExternalId }) => ({
      id,
      name,
      externalId,
      placeholderId: placeholderExternalId,
    }));
  };
  const nameOf = async (id: string) => (await prisma.protectionGroup.findUniqueOrThrow({ where: { id } })).name;

  async function start(snapshot: GroupSnapshot): Promise<StartedGroupRun> {
    const runId = uuid();
    const taskId = snapshot.kind === "GROUP_UPDATE" ? null : uuid();
    await inTransaction(pool, (client) => insertGroupRun(client, { runId, taskId, pairingId, viewer: operator, snapshot }));
    return { runId, groupId: snapshot.group.id };
  }

  return {
    pairingId,
    protectedSiteId,
    recoverySiteId,
    sourceDatastoreId,
    vmIds: vms.map(({ id }) => id),
    async create({ name = `group ${uuid()}`, vms: which, storage = false }) {
      const groupId = uuid();
      const kind = { type: "REPLICATION", replicationType: "SAN", protectedSiteId, recoverySiteId } as const;
      await prisma.protectionGroup.create({ data: { id: groupId, name, externalId: groupId, ...kind } });
      const sources = { create: { datastoreId: sourceDatastoreId } };
      if (storage) await prisma.storageGroup.create({ data: { groupId, targetDatastoreId, sources } });
      const added = newMembers(which);
      await join(groupId, added);
      const storageGroups = storage ? [{ sources: [sites.sourceDatastore], target: sites.targetDatastore }] : [];
      return start({ ...base(groupId, name), kind: "GROUP_CREATE", storageGroups, vms: added });
    },
    async update(groupId, added, removed = []) {
      const joining = newMembers(added);
      const leaving = new Set(removed.map((index) => vms[index]?.id));
      const former = (await members(groupId)).filter(({ id }) => leaving.has(id));
      await join(groupId, joining);
      return start({ ...base(groupId, await nameOf(groupId)), kind: "GROUP_UPDATE", added: joining, removed: former });
    },
    async remove(groupId, { force = false } = {}) {
      const former = await members(groupId);
      return start({ ...base(groupId, await nameOf(groupId)), kind: "GROUP_DELETE", force, vms: former, rollsBack: null });
    },
    async cancel(runId) {
      await pool.query(
        "UPDATE recovery SET cancel_requested_at = dr_now(), cancel_requested_by = 'olga', wake_at = dr_now() WHERE id = $1",
        [runId],
      );
    },
  };
}
