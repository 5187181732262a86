/** Other datastores for a group that replicates datastores: VMs on new ones join it, VMs on those that it gives up leave it. */
import type pg from "pg";
import type { FormerMember } from "../../engine/group-snapshot.ts";
import { ConflictError } from "../errors.ts";
import { fieldErrors, type Path } from "../field-errors.ts";
import { listed } from "../listed.ts";
import { checkQuota } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkDatastores, named, readDatastores, readVmsOn, type VmCandidate } from "./candidates.ts";
import type { WantedStorageGroup } from "./input.ts";
import { type GroupFacts, readDependents } from "./loaders-facts.ts";
import { newMembers } from "./members.ts";
import { storageRefusal } from "./operations.ts";
import { insertMembers, replaceStorageGroups, targetsOf } from "./rows.ts";
import { insertGroupRun } from "./service-group-run.ts";
import type { AskedSites, Direction } from "./sites.ts";
import { groupSnapshot } from "./snapshots.ts";
import { readStorage, sameStorage } from "./stored-storage.ts";

/** What other datastores mean for a group's VMs. */
export interface StorageChange {
  readonly storageGroups: readonly WantedStorageGroup[];
  readonly onSources: readonly VmCandidate[];
  readonly members: readonly PlacedMember[];
  readonly joining: readonly VmCandidate[];
  readonly leaving: readonly PlacedMember[];
}

/** Null: the group replicates these already, its VMs are those on them, and its site has taken them. */
export async function storageChange(
  client: pg.ClientBase,
  group: GroupFacts,
  direction: Direction,
  storageGroups: readonly WantedStorageGroup[],
): Promise<StorageChange | null> {
  const sources = storageGroups.flatMap(({ sourceIds }) => sourceIds);
  const onSources = await readVmsOn(client, sources, direction);
  const members = await readPlacedMembers(client, group.id);
  const joining = onSources.filter(({ groupId }) => groupId === null);
  const leaving = members.filter(({ datastoreId }) => datastoreId === null || !sources.includes(datastoreId));
  const isDone = group.faultMessage === null && joining.length + leaving.length === 0;
  if (isDone && sameStorage((await readStorage(client, group.id)).storageGroups, storageGroups)) return null;
  return { storageGroups, onSources, members, joining, leaving };
}

export interface StorageContext extends Pick<ServiceContext, "quotas"> {
  readonly viewer: Viewer;
  readonly runId: string;
  readonly group: GroupFacts;
  readonly direction: Direction;
  readonly sites: AskedSites;
}

const path: Path = ["storageGroups"];

/** Starts the run that does it at the sites. */
export async function changeStorage(
  client: pg.ClientBase,
  { quotas, viewer, runId, group, direction, sites }: StorageContext,
  { storageGroups, onSources, members, joining, leaving }: StorageChange,
): Promise<void> {
  const refusal = storageRefusal(group);
  if (refusal !== null) throw refusal;
  const errors = fieldErrors();
  const found = await readDatastores(client, storageGroups);
  checkDatastores(errors, path, storageGroups, { found, vms: onSources, direction, into: group.id });
  for (const [at, place, name] of movedTargets(storageGroups, members))
    errors.add(
      [...path, at, place],
      `${name} is replicated to another datastore already; it keeps its target while VMs on it are protected.`,
    );
  errors.check();
  await checkDependents(client, leaving);
  checkQuota(`VMs in the protection group ${group.name}`, quotas.vmsPerGroup, members.length - leaving.length, joining.length);
  await replaceStorageGroups(client, group.id, storageGroups);
  await insertMembers(client, group.id, joining, targetsOf(storageGroups));
  const { vms: added, warnings } = newMembers(joining, sites.recoverySite);
  const removed = leaving.map(({ id, name, externalId, placeholderId }) => ({ id, name, externalId, placeholderId }));
  const snapshot = {
    ...groupSnapshot(group, sites),
    kind: "GROUP_UPDATE",
    storageGroups: named(storageGroups, found),
    warnings,
    added,
    removed,
  } as const;
  await insertGroupRun(client, { runId, taskId: null, pairingId: direction.pairingId, viewer, snapshot });
}

interface PlacedMember extends FormerMember {
  readonly datastoreId: string | null;
  readonly datastoreName: string | null;
  readonly targetId: string | null;
}

async function readPlacedMembers(client: pg.ClientBase, groupId: string): Promise<PlacedMember[]> {
  const { rows } = await client.query<PlacedMember>({
    name: "group-placed-members",
    text: `SELECT v.id, v.name, v.external_id AS "externalId", m.placeholder_external_id AS "placeholderId", v.datastore_id AS "datastoreId",
        d.name AS "datastoreName", m.recovery_datastore_id AS "targetId"
      FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id LEFT JOIN datastore d ON d.id = v.datastore_id
      WHERE m.group_id = $1 ORDER BY lower(v.name), v.id`,
    values: [groupId],
  });
  return rows;
}

/** Storage groups that send a datastore elsewhere than where its VMs' data are by now. */
function movedTargets(storageGroups: readonly WantedStorageGroup[], members: readonly PlacedMember[]): [number, string, string][] {
  return storageGroups.flatMap(({ sourceIds, targetId }, at) => {
    const moved = members.find(
      (member) =>
        member.datastoreId !== null && sourceIds.includes(member.datastoreId) && member.targetId !== null && member.targetId !== targetId,
    );
    return moved === undefined ? [] : [[at, "targetDatastoreId", moved.datastoreName ?? moved.name] satisfies [number, string, string]];
  });
}

/** Of those that leave, none may be waited for by one that stays somewhere. */
async function checkDependents(client: pg.ClientBase, leaving: readonly PlacedMember[]): Promise<void> {
  const dependents = await readDependents(
    client,
    leaving.map(({ id }) => id),
  );
  const [first] = dependents;
  if (first === undefined) return;
  const name = leaving.find(({ id }) => id === first.vmId)?.name;
  const names = dependents.filter(({ vmId }) => vmId === first.vmId).map((dependent) => dependent.name);
  throw new ConflictError(
    `${name} would leave the protection group while others depend on it: ${listed(names)}.`,
    "Take it out of their recovery settings (dependsOnVms) first.",
  );
}
