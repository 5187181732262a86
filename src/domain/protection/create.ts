/** Making a group: its sites are asked first, then one short transaction checks, writes the rows and starts the run that sets it up. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { GroupCreateSnapshot } from "../../engine/group-snapshot.ts";
import { type FieldErrors, fieldError, fieldErrors } from "../field-errors.ts";
import { lockPair } from "../locks.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import { checkQuota } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import {
  checkDatastores,
  checkVms,
  type DatastoreCandidate,
  named,
  readDatastores,
  readVms,
  readVmsOn,
  type VmCandidate,
} from "./candidates.ts";
import { type CreateGroupInput, type WantedGroup, type WantedMembers, wantedGroup } from "./input.ts";
import { newMembers } from "./members.ts";
import { checkNameFree, insertGroup, insertMembers, insertStorageGroups, targetsOf } from "./rows.ts";
import { insertGroupRun } from "./service-group-run.ts";
import { type AskedDirection, type AskedSites, askSites, checkProviders, type Direction, pairingOf, readSites } from "./sites.ts";
import { groupSnapshot } from "./snapshots.ts";

/** Ids of a group and of the run and the task that work on it. */
export interface GroupTask extends Readonly<Record<string, string>> {
  readonly groupId: string;
  readonly recoveryId: string;
  readonly taskId: string;
}

const mutation = "createProtectionGroup";

export async function create(context: ServiceContext, viewer: Viewer, input: CreateGroupInput): Promise<GroupTask> {
  const wanted = wantedGroup(input);
  const request = { mutation, input: { ...input } };
  const before = await unlessAnswered<GroupTask, AskedDirection>(context, viewer, request, () => prepare(context, wanted));
  if ("answer" in before) return before.answer;
  const { direction, sites } = before.prepared;
  const ids: GroupTask = { groupId: newId(), recoveryId: newId(), taskId: newId() };
  const answer = await mutate(context, viewer, {
    ...request,
    answer: ids,
    async act(client) {
      await lockPair(client, direction.pairingId);
      await checkPaired(client, direction);
      const errors = fieldErrors();
      await checkNameFree(client, errors, wanted.name, null);
      checkProviders(errors, sites, { ...wanted, pointsPath: pointsPath(wanted) });
      const members = await checkedMembers(client, errors, wanted.members, direction);
      errors.check();
      checkQuota(`VMs in the protection group ${wanted.name}`, context.quotas.vmsPerGroup, 0, members.vms.length);
      const snapshot = snapshotOf(ids.groupId, wanted, members, sites);
      await insertGroup(client, ids.groupId, wanted);
      const storageGroups = wanted.members.by === "DATASTORES" ? wanted.members.storageGroups : [];
      await insertStorageGroups(client, ids.groupId, storageGroups);
      await insertMembers(client, ids.groupId, members.vms, targetsOf(storageGroups));
      const { recoveryId: runId, taskId } = ids;
      await insertGroupRun(client, { runId, taskId, pairingId: direction.pairingId, viewer, snapshot });
      return []; // the run tells of all that has changed with it
    },
  });
  context.hint(answer.recoveryId);
  return answer;
}

async function prepare({ database, providers }: ServiceContext, wanted: WantedGroup): Promise<AskedDirection> {
  const { protectedSiteId, recoverySiteId } = wanted;
  const found = await readSites(database.pool, [protectedSiteId, recoverySiteId]);
  const [protectedSite, recoverySite] = [found.get(protectedSiteId), found.get(recoverySiteId)];
  if (protectedSite === undefined) throw fieldError(["protectedSiteId"], "There is no site with this id.");
  if (recoverySite === undefined) throw fieldError(["recoverySiteId"], "There is no site with this id.");
  const pairingId = await pairingOf(database.pool, protectedSiteId, recoverySiteId);
  if (pairingId === null) throw notPaired({ protectedSite, recoverySite });
  const direction = { pairingId, protectedSite, recoverySite };
  return { direction, sites: await askSites(providers, direction) };
}

const notPaired = ({ protectedSite, recoverySite }: Pick<Direction, "protectedSite" | "recoverySite">) =>
  fieldError(["recoverySiteId"], `The sites ${protectedSite.name} and ${recoverySite.name} are not paired.`);

/** The pair is held, and may have been taken apart while its sites were asked. */
async function checkPaired(client: pg.ClientBase, { pairingId, protectedSite, recoverySite }: Direction): Promise<void> {
  if ((await pairingOf(client, protectedSite.id, recoverySite.id)) !== pairingId) throw notPaired({ protectedSite, recoverySite });
}

/** Where the number of points was given. */
const pointsPath = ({ type }: WantedGroup) => (type === "SNAPSHOT" ? ["specification", "snapshot", "retention"] : ["pointInTimeInstances"]);

interface Members {
  readonly vms: readonly VmCandidate[];
  readonly datastores: ReadonlyMap<string, DatastoreCandidate>;
}

async function checkedMembers(client: pg.ClientBase, errors: FieldErrors, wanted: WantedMembers, direction: Direction): Promise<Members> {
  if (wanted.by === "VMS") {
    const found = await readVms(client, wanted.vmIds, direction);
    return { vms: checkVms(errors, wanted.path, wanted.vmIds, { found, direction, into: null }), datastores: new Map() };
  }
  const datastores = await readDatastores(client, wanted.storageGroups);
  const sources = wanted.storageGroups.flatMap(({ sourceIds }) => sourceIds);
  const vms = await readVmsOn(client, sources, direction);
  checkDatastores(errors, wanted.path, wanted.storageGroups, { found: datastores, vms, direction, into: null });
  return { vms, datastores };
}

function snapshotOf(id: string, { name, members }: WantedGroup, { vms, datastores }: Members, sites: AskedSites): GroupCreateSnapshot {
  const storageGroups = members.by === "DATASTORES" ? members.storageGroups : [];
  return {
    ...groupSnapshot({ id, name, externalId: id }, sites),
    kind: "GROUP_CREATE",
    ...newMembers(vms, sites.recoverySite),
    storageGroups: named(storageGroups, datastores),
  };
}
