/** Writes a group's own rows. What a run of the group does to them is the engine's. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { ConflictError } from "../errors.ts";
import type { FieldErrors } from "../field-errors.ts";
import type { VmCandidate } from "./candidates.ts";
import type { WantedGroup, WantedStorageGroup } from "./input.ts";
import { placeholderName } from "./members.ts";

const statements = {
  /** Its external id is its own id: no other group ever has it. */
  group: `INSERT INTO protection_group (id, name, description, type, replication_type, protected_site_id, recovery_site_id, external_id, state,
      rpo_minutes, point_in_time_instances, consistency_groups, snapshot_interval_minutes, snapshot_retention)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $1::uuid::text, 'CONFIGURING', $8, $9, $10, $11, $12)`,
  storage: `INSERT INTO storage_group (id, group_id, target_datastore_id) SELECT x.id, $1, x.target FROM unnest($2::uuid[], $3::uuid[]) AS x (id, target)`,
  sources: "INSERT INTO storage_group_source (storage_group_id, datastore_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])",
  /** A member that is not configured becomes one that is being configured. */
  members: `INSERT INTO protected_vm (vm_id, group_id, protection_state, placeholder_name, recovery_datastore_id)
    SELECT x.vm, $1, 'CONFIGURING', x.placeholder, x.datastore FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS x (vm, placeholder, datastore)
    ON CONFLICT (vm_id) DO UPDATE SET protection_state = 'CONFIGURING', placeholder_name = excluded.placeholder_name,
      recovery_datastore_id = excluded.recovery_datastore_id, fault_code = NULL, fault_message = NULL
    WHERE protected_vm.group_id = excluded.group_id`,
  /** Those that the group gives up. */
  releaseDatastores: `UPDATE datastore SET replication_state = 'NOT_REPLICATED' FROM storage_group_source s JOIN storage_group o ON o.id = s.storage_group_id
    WHERE o.group_id = $1 AND datastore.id = s.datastore_id AND NOT datastore.id = ANY ($2::uuid[])`,
  dropStorage: "DELETE FROM storage_group WHERE group_id = $1",
  settings: `UPDATE protection_group SET name = $2, description = $3, rpo_minutes = $4, point_in_time_instances = $5, snapshot_interval_minutes = $6,
      snapshot_retention = $7, version = version + 1 WHERE id = $1`,
  version: "UPDATE protection_group SET version = version + 1 WHERE id = $1",
} as const;

const write = (client: pg.ClientBase, name: keyof typeof statements, values: unknown[]) =>
  client.query({ name: `group-write-${name}`, text: statements[name], values });

/** `groupId`: the group that has the name or gets it; null: a new one. */
export async function checkNameFree(client: pg.ClientBase, errors: FieldErrors, name: string, groupId: string | null): Promise<void> {
  const text = "SELECT 1 FROM protection_group WHERE lower(name) = lower($1) AND id IS DISTINCT FROM $2::uuid";
  const { rowCount } = await client.query({ name: "group-name-taken", text, values: [name, groupId] });
  if (rowCount !== 0) errors.add(["name"], `A protection group named ${name} exists already.`);
}

export async function insertGroup(client: pg.ClientBase, id: string, group: WantedGroup): Promise<void> {
  const { name, description, type, replicationType, protectedSiteId, recoverySiteId } = group;
  const settings = [
    group.rpoMinutes,
    group.pointInTimeInstances,
    group.consistencyGroups,
    group.snapshotIntervalMinutes,
    group.snapshotRetention,
  ];
  await write(client, "group", [id, name, description, type, replicationType, protectedSiteId, recoverySiteId, ...settings]);
}

export async function insertStorageGroups(
  client: pg.ClientBase,
  groupId: string,
  storageGroups: readonly WantedStorageGroup[],
): Promise<void> {
  const made = storageGroups.map((storage) => ({ ...storage, id: newId() }));
  await write(client, "storage", [groupId, made.map(({ id }) => id), made.map(({ targetId }) => targetId)]);
  const sources = made.flatMap(({ id, sourceIds }) => sourceIds.map((sourceId) => ({ id, sourceId })));
  await write(client, "sources", [sources.map(({ id }) => id), sources.map(({ sourceId }) => sourceId)]);
}

/** All of them anew. */
export async function replaceStorageGroups(
  client: pg.ClientBase,
  groupId: string,
  storageGroups: readonly WantedStorageGroup[],
): Promise<void> {
  const kept = storageGroups.flatMap(({ sourceIds }) => sourceIds);
  await write(client, "releaseDatastores", [groupId, kept]);
  await write(client, "dropStorage", [groupId]);
  await insertStorageGroups(client, groupId, storageGroups);
}

/** `targets`: the datastore at the recovery site by that at the protected one; empty where the provider chooses. */
export async function insertMembers(
  client: pg.ClientBase,
  groupId: string,
  vms: readonly VmCandidate[],
  targets: ReadonlyMap<string, string>,
): Promise<void> {
  const datastores = vms.map(({ datastoreId }) => (datastoreId === null ? null : (targets.get(datastoreId) ?? null)));
  const names = vms.map(({ name }) => placeholderName(name));
  const { rowCount } = await write(client, "members", [groupId, vms.map(({ id }) => id), names, datastores]);
  if (rowCount !== vms.length)
    throw new ConflictError("Another group took one of the VMs at the same moment.", "Look at the VMs again, and repeat the request.");
}

export const targetsOf = (storageGroups: readonly WantedStorageGroup[]): ReadonlyMap<string, string> =>
  new Map(storageGroups.flatMap(({ sourceIds, targetId }) => sourceIds.map((sourceId) => [sourceId, targetId] as const)));

/** What can be changed of a group at any time. */
export interface GroupSettings {
  readonly name: string;
  readonly description: string;
  readonly rpoMinutes: number;
  readonly pointInTimeInstances: number;
  readonly snapshotIntervalMinutes: number | null;
  readonly snapshotRetention: number | null;
}

export async function readSettings(client: pg.ClientBase, groupId: string): Promise<GroupSettings> {
  const { rows } = await client.query<GroupSettings>({
    name: "group-settings",
    text: `SELECT name, description, rpo_minutes AS "rpoMinutes", point_in_time_instances AS "pointInTimeInstances",
        snapshot_interval_minutes AS "snapshotIntervalMinutes", snapshot_retention AS "snapshotRetention" FROM protection_group WHERE id = $1`,
    values: [groupId],
  });
  const [settings] = rows;
  if (settings === undefined) throw new Error(`protection group ${groupId} is gone`);
  return settings;
}

/** The version rises. */
export async function writeSettings(client: pg.ClientBase, groupId: string, settings: GroupSettings): Promise<void> {
  const { name, description, rpoMinutes, pointInTimeInstances, snapshotIntervalMinutes, snapshotRetention } = settings;
  const values = [groupId, name, description, rpoMinutes, pointInTimeInstances, snapshotIntervalMinutes, snapshotRetention];
  await write(client, "settings", values);
}

/** Whoever demands a version has read the group as it was before this change. */
export const raiseVersion = (client: pg.ClientBase, groupId: string) => write(client, "version", [groupId]);
