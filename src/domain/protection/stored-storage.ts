/** The storage groups that a group has. */
import type pg from "pg";
import type { SnapshotStorageGroup } from "../../engine/run-snapshot.ts";
import type { WantedStorageGroup } from "./input.ts";

export interface StoredStorage {
  readonly storageGroups: readonly WantedStorageGroup[];
  /** As the provider knows them. */
  readonly named: readonly SnapshotStorageGroup[];
}

export async function readStorage(client: Pick<pg.ClientBase, "query">, groupId: string): Promise<StoredStorage> {
  const { rows } = await client.query<WantedStorageGroup & SnapshotStorageGroup>({
    name: "group-storage",
    text: `SELECT array_agg(d.id::text ORDER BY d.name) AS "sourceIds", array_agg(d.name::text ORDER BY d.name) AS sources,
        t.id AS "targetId", t.name AS target
      FROM storage_group o JOIN datastore t ON t.id = o.target_datastore_id JOIN storage_group_source s ON s.storage_group_id = o.id
        JOIN datastore d ON d.id = s.datastore_id WHERE o.group_id = $1 GROUP BY o.id, t.id ORDER BY min(d.name)`,
    values: [groupId],
  });
  return { storageGroups: rows, named: rows.map(({ sources, target }) => ({ sources, target })) };
}

/** The same datastores to the same targets, in whatever order. */
export function sameStorage(there: readonly WantedStorageGroup[], wished: readonly WantedStorageGroup[]): boolean {
  const plain = (groups: readonly WantedStorageGroup[]) =>
    groups.map(({ sourceIds, targetId }) => [targetId, ...sourceIds.toSorted()].join(" ")).toSorted();
  return plain(there).join() === plain(wished).join();
}
