/** Which groups have cycles at all, and when: groups that are new get their row, real recoveries suspend and resume replication, and a shorter interval counts at once. */
import type pg from "pg";
import { loggedChanges } from "../../events/changes.ts";
import { intervalOf, isReplicated, isSuspended, never } from "./cycle.ts";

const interval = `make_interval(secs => ${intervalOf("$1")})`;

/** After the newest point, so that a gateway that starts does not copy everything at once. */
const afterNewest = `GREATEST(dr_now(), COALESCE((SELECT max(p.taken_at) FROM recovery_point p WHERE p.group_id = g.id AND p.complete)
    + ${interval}, dr_now()))`;

/** One that is under way runs out first; a failure's back-off is waited for. What came of one whose outcome is not known, its site tells when replication goes on. */
const text = `
  WITH made AS (
    INSERT INTO replication_cycle (group_id, next_at)
    SELECT g.id, ${afterNewest} FROM protection_group g LEFT JOIN replication_cycle c ON c.group_id = g.id
    WHERE c.group_id IS NULL AND ${isReplicated}
    ON CONFLICT DO NOTHING RETURNING group_id
  ), asleep AS (
    UPDATE replication_cycle c SET next_at = ${never}, epoch = c.epoch + 1, cycle_id = NULL, owner = NULL, lease_until = NULL, failures = 0,
      error = NULL
    FROM protection_group g WHERE g.id = c.group_id AND c.next_at < ${never} AND ${isSuspended}
      AND (c.owner IS NULL OR c.lease_until IS NULL OR c.lease_until < clock_timestamp())
    RETURNING c.group_id, 'PAUSED'::"ReplicationState" AS state
  ), awake AS (
    UPDATE replication_cycle c SET next_at = CASE WHEN EXISTS (
        SELECT FROM protected_vm m WHERE m.group_id = c.group_id AND m.replication_state = 'PAUSED') THEN dr_now() ELSE ${afterNewest} END
    FROM protection_group g WHERE g.id = c.group_id AND c.next_at = ${never} AND ${isReplicated}
    RETURNING c.group_id, 'SYNCING'::"ReplicationState" AS state
  ), sooner AS (
    UPDATE replication_cycle c SET next_at = GREATEST(dr_now(), c.started_at + ${interval}) FROM protection_group g
    WHERE g.id = c.group_id AND c.next_at > dr_now() AND c.next_at < ${never} AND c.failures = 0 AND c.cycle_id IS NULL
      AND c.next_at > c.started_at + ${interval} AND ${isReplicated}
  ), turned AS (
    SELECT * FROM asleep UNION ALL SELECT * FROM awake
  ), vms AS (
    UPDATE protected_vm m SET replication_state = turned.state FROM turned
    WHERE m.group_id = turned.group_id AND m.replication_state <> 'NOT_REPLICATED'
      AND (m.replication_state = 'PAUSED') = (turned.state = 'SYNCING')
    RETURNING m.vm_id
  ), ${loggedChanges("SELECT 'VM_CHANGED' AS kind, v.id, 'UPDATED' AS change, v.name FROM vms JOIN virtual_machine v ON v.id = vms.vm_id", ["made"])}
  SELECT (SELECT count(*) FROM changed)::int4 AS changes, EXISTS (SELECT FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id
    WHERE c.lease_until IS NOT NULL AND c.next_at < ${never} AND ${isSuspended}) AS unfinished`;

export interface Kept {
  /** In the log for it. */
  readonly changes: number;
  /** A cycle of a group that a real recovery has is still under way. */
  readonly unfinished: boolean;
}

export async function keepStanding(pool: pg.Pool, minimumSeconds: number): Promise<Kept> {
  const { rows } = await pool.query<Kept>({ name: "replication-standing", text, values: [minimumSeconds] });
  return rows[0] ?? { changes: 0, unfinished: false };
}
