/** Groups whose deletion was forced while their site could not be asked: it goes on replicating their VMs, which no other group can have. */
import type pg from "pg";
import type { SnapshotGroup } from "../../engine/run-snapshot.ts";

/** Those that have one of these VMs, and that no later run has stopped. */
const text = `SELECT DISTINCT ON (g.content ->> 'externalId') g.content AS "group"
  FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id CROSS JOIN LATERAL (SELECT s.content -> 'group' AS content) g
    JOIN recovery_step stop ON stop.run_id = r.id AND stop.kind = 'STOP_REPLICATION'
  WHERE r.kind = 'GROUP_DELETE' AND r.result_state = 'WARNING' AND stop.status = 'WARNING' AND s.content -> 'recoverySite' ->> 'id' = $1
    AND EXISTS (SELECT FROM json_array_elements(s.content -> 'vms') v WHERE v ->> 'id' = ANY ($2::text[]))
    AND NOT EXISTS (SELECT FROM recovery later JOIN recovery_step d ON d.run_id = later.id AND d.kind = 'STOP_REPLICATION'
      WHERE later.kind IN ('GROUP_CREATE', 'GROUP_UPDATE', 'GROUP_DELETE') AND later.requested_at >= r.requested_at
        AND d.status = 'SUCCEEDED' AND d.spec ->> 'groupId' = g.content ->> 'externalId')
  ORDER BY g.content ->> 'externalId'`;

export async function readAbandoned(client: pg.ClientBase, recoverySiteId: string, vmIds: readonly string[]): Promise<SnapshotGroup[]> {
  if (vmIds.length === 0) return [];
  const { rows } = await client.query<{ group: SnapshotGroup }>({ name: "abandoned-groups", text, values: [recoverySiteId, vmIds] });
  return rows.map(({ group }) => group);
}
