/** The storage groups of groups that replicate datastores, and how many VMs of a group need configuration. */
import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedCount, batchedMany, type Gate } from "../batching.ts";
import { configurationReasons } from "../inventory/loaders-configuration.ts";

export interface StorageGroupRow {
  readonly groupId: string;
  readonly targetId: string;
  /** By name. */
  readonly sourceIds: readonly string[];
}

const storageGroups = `SELECT o.group_id AS "groupId", o.target_datastore_id AS "targetId",
    array_agg(s.datastore_id::text ORDER BY lower(d.name)) AS "sourceIds"
  FROM storage_group o JOIN storage_group_source s ON s.storage_group_id = o.id JOIN datastore d ON d.id = s.datastore_id
  WHERE o.group_id = ANY($1::uuid[]) GROUP BY o.id ORDER BY min(lower(d.name))`;

const unready = `SELECT m.group_id AS key, count(*)::int4 AS count FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id
  WHERE m.group_id = ANY($1::uuid[]) AND EXISTS (SELECT ${configurationReasons}) GROUP BY m.group_id`;

export function openStorageLoaders({ pool }: Pick<Database, "pool">) {
  const storageGroupsOfGroup = batchedMany(
    (ids) => queryRows<StorageGroupRow>(pool, { name: "group-storage-groups", text: storageGroups, values: [ids] }),
    ({ groupId }) => groupId,
  );
  const unreadyVmsOfGroup = batchedCount((ids) =>
    queryRows<{ key: string; count: number }>(pool, { name: "group-unready-vms", text: unready, values: [ids] }),
  );
  return (gate: Gate) => ({
    storageGroupsOfGroup: storageGroupsOfGroup.loader(gate),
    unreadyVmsOfGroup: unreadyVmsOfGroup.loader(gate),
  });
}
