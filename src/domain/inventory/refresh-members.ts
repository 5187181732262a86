/**
 * VMs that come to a datastore which a protection group replicates are its members from then on, without having been configured: their
 * data is replicated already. (Reference: storage groups, needs_configuration.)
 */
import type pg from "pg";
import type { Change } from "../../events/changes.ts";
import type { Difference } from "./refresh-diff.ts";

type Client = Pick<pg.ClientBase, "query">;

const statements = {
  lock: `SELECT FROM protection_group g WHERE g.id IN (SELECT s.group_id FROM storage_group s
      JOIN storage_group_source r ON r.storage_group_id = s.id JOIN datastore d ON d.id = r.datastore_id
      WHERE d.site_id = $1 AND lower(d.name) = ANY($2::text[])) ORDER BY g.id FOR UPDATE`,
  join: `WITH candidate AS (SELECT v.id, s.group_id, row_number() OVER (PARTITION BY s.group_id ORDER BY v.name, v.id) AS nth
      FROM virtual_machine v JOIN storage_group_source r ON r.datastore_id = v.datastore_id
        JOIN storage_group s ON s.id = r.storage_group_id JOIN protection_group g ON g.id = s.group_id
      WHERE v.id = ANY($1::uuid[]) AND g.type = 'REPLICATION' AND g.protected_site_id = v.site_id
        AND g.state IN ('READY', 'NOT_READY', 'TESTING') AND NOT EXISTS (SELECT FROM protected_vm m WHERE m.vm_id = v.id)),
    joined AS (INSERT INTO protected_vm (vm_id, group_id) SELECT c.id, c.group_id FROM candidate c
      WHERE c.nth + (SELECT count(*) FROM protected_vm m WHERE m.group_id = c.group_id) <= $2 RETURNING group_id)
    SELECT DISTINCT group_id AS "groupId" FROM joined ORDER BY group_id`,
} as const;

/** Locks the groups that arriving VMs may come to: before the VMs' own rows. */
export async function lockGroupsOfArrivals(
  client: Client,
  siteId: string,
  { added, changed }: Difference["virtualMachines"],
): Promise<void> {
  const moved = changed.filter(({ before, value }) => before.datastore !== value.datastore).map(({ value }) => value);
  const datastores = new Set([...added, ...moved].flatMap(({ datastore }) => datastore?.toLowerCase() ?? []));
  if (datastores.size === 0) return;
  await client.query({ name: "inventory-groups-lock", text: statements.lock, values: [siteId, [...datastores]] });
}

/**
 * A group that is being changed or has been recovered takes nobody in, nor does one that is full: the VM is then an unprotected one on a
 * replicated datastore, which is a fault of the group.
 */
export async function joinGroups(client: Client, arrived: readonly string[], mostVms: number): Promise<Change[]> {
  if (arrived.length === 0) return [];
  const values = [arrived, mostVms];
  const { rows } = await client.query<{ groupId: string }>({ name: "inventory-groups-join", text: statements.join, values });
  return rows.map(({ groupId }) => ({ kind: "PROTECTION_GROUP_CHANGED", id: groupId, change: "UPDATED" }));
}
