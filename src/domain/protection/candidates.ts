/** VMs and datastores that a group shall have: read inside the transaction, and checked one by one. */
import type pg from "pg";
import type { SnapshotStorageGroup } from "../../engine/run-snapshot.ts";
import type { FieldErrors, Path } from "../field-errors.ts";
import type { WantedStorageGroup } from "./input.ts";
import type { Direction } from "./sites.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface VmCandidate {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly siteId: string;
  readonly missing: boolean;
  readonly datastoreId: string | null;
  readonly datastoreName: string | null;
  /** The group that it is in already. */
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly protectionState: string | null;
  /** The group that replicates its datastore. */
  readonly replicatedById: string | null;
  readonly replicatedByName: string | null;
  readonly folderPath: string | null;
  readonly targetFolderPath: string | null;
  readonly poolName: string | null;
  readonly targetPoolName: string | null;
}

const columns = `v.id, v.name, v.external_id AS "externalId", v.site_id AS "siteId", v.missing_since IS NOT NULL AS missing,
  v.datastore_id AS "datastoreId", d.name AS "datastoreName", m.group_id AS "groupId", g.name AS "groupName",
  m.protection_state AS "protectionState", o.group_id AS "replicatedById", x.name AS "replicatedByName", f.path AS "folderPath", r.name AS "poolName",
  (SELECT t.path FROM folder_mapping w JOIN folder t ON t.id = w.target_folder_id
    WHERE w.source_folder_id = v.folder_id AND w.pairing_id = $2 AND t.site_id = $3) AS "targetFolderPath",
  (SELECT t.name FROM resource_mapping w JOIN resource_pool t ON t.id = w.target_resource_pool_id
    WHERE w.source_resource_pool_id = v.resource_pool_id AND w.pairing_id = $2 AND t.site_id = $3) AS "targetPoolName"`;
const tables = `virtual_machine v LEFT JOIN datastore d ON d.id = v.datastore_id LEFT JOIN protected_vm m ON m.vm_id = v.id
  LEFT JOIN protection_group g ON g.id = m.group_id LEFT JOIN storage_group_source s ON s.datastore_id = v.datastore_id
  LEFT JOIN storage_group o ON o.id = s.storage_group_id LEFT JOIN protection_group x ON x.id = o.group_id
  LEFT JOIN folder f ON f.id = v.folder_id LEFT JOIN resource_pool r ON r.id = v.resource_pool_id`;

export async function readVms(client: Queryable, ids: readonly string[], { pairingId, recoverySite }: Direction): Promise<VmCandidate[]> {
  const text = `SELECT ${columns} FROM ${tables} WHERE v.id = ANY($1::uuid[]) ORDER BY lower(v.name), v.id`;
  return (await client.query<VmCandidate>({ name: "group-vm-candidates", text, values: [ids, pairingId, recoverySite.id] })).rows;
}

/** Those that are on these datastores. */
export async function readVmsOn(client: Queryable, ids: readonly string[], { pairingId, recoverySite }: Direction): Promise<VmCandidate[]> {
  const text = `SELECT ${columns} FROM ${tables} WHERE v.datastore_id = ANY($1::uuid[]) AND v.missing_since IS NULL ORDER BY lower(v.name), v.id`;
  return (await client.query<VmCandidate>({ name: "group-vms-on-datastores", text, values: [ids, pairingId, recoverySite.id] })).rows;
}

/** `into`: the group that they shall join; null: a new one. Answers those that are there, in the input's order. */
export function checkVms(
  errors: FieldErrors,
  path: Path,
  ids: readonly string[],
  { found, direction, into }: { readonly found: readonly VmCandidate[]; readonly direction: Direction; readonly into: string | null },
): VmCandidate[] {
  const byId = new Map(found.map((vm) => [vm.id, vm]));
  return ids.flatMap((id, at) => {
    const vm = byId.get(id);
    const message = vm === undefined ? "There is no VM with this id." : problemOf(vm, direction, into);
    if (message !== null) errors.add([...path, at], message);
    return vm ?? [];
  });
}

/** What keeps a VM from joining; a member that is not configured, or whose configuration failed, is configured by it. */
function problemOf(vm: VmCandidate, { protectedSite }: Direction, into: string | null): string | null {
  if (vm.siteId !== protectedSite.id) return `${vm.name} is not at the protected site ${protectedSite.name}.`;
  if (vm.missing) return `${vm.name} is no longer listed at its site.`;
  if (vm.groupId !== null && vm.groupId !== into) return `${vm.name} is in the protection group ${vm.groupName} already.`;
  if (vm.groupId !== null && vm.protectionState !== "NOT_CONFIGURED" && vm.protectionState !== "ERROR")
    return `${vm.name} is in the group already.`;
  if (vm.replicatedById !== null && vm.replicatedById !== into)
    return `${vm.name} is on the datastore ${vm.datastoreName}, which the protection group ${vm.replicatedByName} replicates: configure it there.`;
  return null;
}

export interface DatastoreCandidate {
  readonly id: string;
  readonly name: string;
  readonly siteId: string;
  readonly missing: boolean;
  /** The group that replicates it already. */
  readonly groupId: string | null;
  readonly groupName: string | null;
}

export async function readDatastores(
  client: Queryable,
  storageGroups: readonly WantedStorageGroup[],
): Promise<Map<string, DatastoreCandidate>> {
  const { rows } = await client.query<DatastoreCandidate>({
    name: "group-datastores-wanted",
    text: `SELECT d.id, d.name, d.site_id AS "siteId", d.missing_since IS NOT NULL AS missing, g.id AS "groupId", g.name AS "groupName"
      FROM datastore d LEFT JOIN storage_group_source s ON s.datastore_id = d.id LEFT JOIN storage_group o ON o.id = s.storage_group_id
        LEFT JOIN protection_group g ON g.id = o.group_id WHERE d.id = ANY($1::uuid[])`,
    values: [storageGroups.flatMap(({ sourceIds, targetId }) => [...sourceIds, targetId])],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** As a provider knows them. */
export function named(
  storageGroups: readonly WantedStorageGroup[],
  found: ReadonlyMap<string, DatastoreCandidate>,
): SnapshotStorageGroup[] {
  const nameOf = (id: string) => found.get(id)?.name ?? id;
  return storageGroups.map(({ sourceIds, targetId }) => ({ sources: sourceIds.map(nameOf), target: nameOf(targetId) }));
}

export interface DatastoreCheck {
  readonly found: ReadonlyMap<string, DatastoreCandidate>;
  /** Those on the sources. */
  readonly vms: readonly VmCandidate[];
  readonly direction: Direction;
  readonly into: string | null;
}

export function checkDatastores(
  errors: FieldErrors,
  path: Path,
  storageGroups: readonly WantedStorageGroup[],
  check: DatastoreCheck,
): void {
  for (const [at, { sourceIds, targetId }] of storageGroups.entries()) {
    for (const [place, id] of sourceIds.entries()) {
      const message = sourceProblem(id, check);
      if (message !== null) errors.add([...path, at, "sourceDatastoreIds", place], message);
    }
    const message = placeProblem(check.found.get(targetId), "recovery", check.direction.recoverySite);
    if (message !== null) errors.add([...path, at, "targetDatastoreId"], message);
  }
}

function sourceProblem(id: string, { found, vms, direction, into }: DatastoreCheck): string | null {
  const datastore = found.get(id);
  const place = placeProblem(datastore, "protected", direction.protectedSite);
  if (datastore === undefined || place !== null) return place;
  if (datastore.groupId !== null && datastore.groupId !== into)
    return `${datastore.name} is replicated by the protection group ${datastore.groupName} already.`;
  const other = vms.find(({ datastoreId, groupId }) => datastoreId === id && groupId !== null && groupId !== into);
  return other === undefined ? null : `${other.name} on ${datastore.name} is in the protection group ${other.groupName} already.`;
}

function placeProblem(
  datastore: DatastoreCandidate | undefined,
  role: "protected" | "recovery",
  site: { readonly id: string; readonly name: string },
): string | null {
  if (datastore === undefined) return "There is no datastore with this id.";
  if (datastore.siteId !== site.id) return `${datastore.name} is not at the ${role} site ${site.name}.`;
  return datastore.missing ? `${datastore.name} is no longer listed at its site.` : null;
}
