/** Which groups have cycles at all, and when: groups that are new get their row, real recoveries suspend and resume replication, and a shorter interval counts at once. */
import type pg from "pg";
import { loggedChanges } from "../../events/changes.ts";
import { intervalOf, isReplicated, isSuspended, never } from "./cycle.ts";

const interval = `make_interval(secs => ${intervalOf("$1")})`;
const newest = "(SELECT max(p.taken_at) FROM recovery_point p WHERE p.group_id = g.id AND p.complete)";

/** After the newest point, so that a gateway that starts does not copy everything at once. */
const afterNewest = `GREATEST(dr_now(), COALESCE(${newest} + ${interval}, dr_now()))`;

/** The last cycle began then; before the first one, the newest point counts in its place. */
const last = `COALESCE(c.started_at, ${newest}, '-infinity')`;

/**
 * One that is under way runs out first; a failure's back-off is waited for. What came of one whose outcome is not known, its site tells when
 * replication goes on. `which`: of groups `g`.
 */
const textFor = (which: string) => `
  WITH made AS (
    INSERT INTO replication_cycle (group_id, next_at)
    SELECT g.id, ${afterNewest} FROM protection_group g LEFT JOIN replication_cycle c ON c.group_id = g.id
    WHERE c.group_id IS NULL AND ${isReplicated} AND ${which}
    ON CONFLICT DO NOTHING RETURNING group_id
  ), asleep AS (
    UPDATE replication_cycle c SET next_at = ${never}, epoch = c.epoch + 1, cycle_id = NULL, owner = NULL, lease_until = NULL, failures = 0,
      error = NULL
    FROM protection_group g WHERE g.id = c.group_id AND c.next_at < ${never} AND ${isSuspended} AND ${which}
      AND (c.owner IS NULL OR c.lease_until IS NULL OR c.lease_until < clock_timestamp())
    RETURNING c.group_id, 'PAUSED'::"ReplicationState" AS state
  ), awake AS (
    UPDATE replication_cycle c SET next_at = CASE WHEN EXISTS (
        SELECT FROM protected_vm m WHERE m.group_id = c.group_id AND m.replication_state = 'PAUSED') THEN dr_now() ELSE ${afterNewest} END
    FROM protection_group g WHERE g.id = c.group_id AND c.next_at = ${never} AND ${isReplicated} AND ${which}
    RETURNING c.group_id, 'SYNCING'::"ReplicationState" AS state
  ), sooner AS (
    UPDATE replication_cycle c SET next_at = GREATEST(dr_now(), ${last} + ${interval}) FROM protection_group g
    WHERE g.id = c.group_id AND c.next_at > dr_now() AND c.next_at < ${never} AND c.failures = 0 AND c.cycle_id IS NULL
      AND c.next_at > ${last} + ${interval} AND ${isReplicated} AND ${which}
  ), turned AS (
    SELECT * FROM asleep UNION ALL SELECT * FROM awake
  ), vms AS (
    UPDATE protected_vm m SET replication_state = turned.state FROM turned
    WHERE m.group_id = turned.group_id AND m.replication_state <> 'NOT_REPLICATED'
      AND (m.replication_state = 'PAUSED') = (turned.state = 'SYNCING')
    RETURNING m.vm_id
  ), ${loggedChanges("SELECT 'VM_CHANGED' AS kind, v.id, 'UPDATED' AS change, v.name FROM vms JOIN virtual_machine v ON v.id = vms.vm_id", ["made"])}
  SELECT (SELECT count(*) FROM changed)::int4 AS changes, ARRAY(SELECT c.group_id FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id
    WHERE c.lease_until IS NOT NULL AND c.next_at < ${never} AND ${isSuspended} AND ${which}) AS unfinished`;

const allText = textFor("true");
const someText = textFor("g.id = ANY ($2::uuid[])");

export interface Kept {
  /** In the log for it. */
  readonly changes: number;
  /** Of those groups that a real recovery has, and whose cycle is still under way. */
  readonly unfinished: readonly string[];
}

/** `groupIds` null: of all groups. */
export async function keepStanding(pool: pg.Pool, minimumSeconds: number, groupIds: readonly string[] | null): Promise<Kept> {
  const { rows } = await pool.query<Kept>(
    groupIds === null
      ? { name: "replication-standing", text: allText, values: [minimumSeconds] }
      : { name: "replication-standing-of", text: someText, values: [minimumSeconds, groupIds] },
  );
  return rows[0] ?? { changes: 0, unfinished: [] };
}
