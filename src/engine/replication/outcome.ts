/** What a cycle has come to, in one statement with what has changed by it; nothing, when another owner has the cycle by now. */
import type pg from "pg";
import { loggedChanges } from "../../events/changes.ts";
import { type Cycle, fence, isReplicated, isSuspended, ownCycle } from "./cycle.ts";

/** What was copied: complete at the recovery site. */
export interface CopiedPoint {
  readonly pointId: string;
  readonly takenAt: string;
  readonly sizeBytes: number;
}

/** VMs whose replication does otherwise than before, and the group when its failure is another one or over. */
const changes = `SELECT 'VM_CHANGED' AS kind, v.id, 'UPDATED' AS change, v.name FROM vms JOIN virtual_machine v ON v.id = vms.vm_id WHERE vms.differs
  UNION ALL SELECT 'PROTECTION_GROUP_CHANGED', c.group_id, 'UPDATED', c.name FROM c WHERE c.error IS DISTINCT FROM (SELECT error FROM old)`;

/** `old`, and what follows from `c` (group_id, name, error, state of replication) for VMs and datastores. */
const old = "old AS (SELECT error FROM replication_cycle WHERE group_id = $1::uuid)";
const followed = (lastSync: string): string => `vms AS (
    UPDATE protected_vm m SET last_sync_at = GREATEST(m.last_sync_at, ${lastSync}), replication_state = COALESCE(c.replication, m.replication_state)
    FROM c, protected_vm was WHERE m.group_id = c.group_id AND was.vm_id = m.vm_id AND m.protection_state <> 'NOT_CONFIGURED' AND c.tells
    RETURNING m.vm_id, m.replication_state <> was.replication_state AS differs
  ), datastores AS (
    UPDATE datastore d SET replication_state = c.replication
    FROM c, protection_group g, storage_group o LEFT JOIN storage_group_source s ON s.storage_group_id = o.id
    WHERE g.id = c.group_id AND o.group_id = g.id AND d.id IN (o.target_datastore_id, s.datastore_id) AND d.site_id = g.protected_site_id
      AND c.tells AND d.replication_state <> c.replication
    RETURNING d.id
  )`;

/**
 * While members come or go, the point says nothing of each of them; while a real recovery has the group, its VMs stay PAUSED, and the
 * point counts all the same.
 */
const successText = `WITH ${old}, c AS (
    UPDATE replication_cycle c SET last_success_at = dr_now(), error = NULL, failures = 0 FROM protection_group g WHERE g.id = c.group_id AND ${ownCycle}
    RETURNING c.group_id, g.name, c.error, ${isReplicated} OR ${isSuspended} AS tells,
      CASE WHEN ${isReplicated} THEN 'SYNCED'::"ReplicationState" END AS replication
  ), point AS (
    INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete, size_bytes, completed_at)
    SELECT gen_random_uuid(), c.group_id, $4, $5::timestamptz, true, $6::bigint, dr_now() FROM c
    ON CONFLICT (group_id, external_id) DO NOTHING RETURNING id
  ), ${followed("$5::timestamptz")}, ${loggedChanges(changes, ["point", "datastores"])}
  SELECT (SELECT count(*) FROM changed)::int4 AS changes FROM c`;

/** Failures of a group that is no longer replicated as it was are no failures: its site refuses after a promotion, or a deletion. */
const failureText = `WITH ${old}, c AS (
    UPDATE replication_cycle c SET owner = NULL, lease_until = NULL, cycle_id = CASE WHEN $5 THEN NULL ELSE c.cycle_id END,
      next_at = dr_now() + make_interval(secs => $6),
      failures = CASE WHEN ${isReplicated} THEN c.failures + 1 ELSE c.failures END, error = CASE WHEN ${isReplicated} THEN $4 ELSE c.error END
    FROM protection_group g WHERE g.id = c.group_id AND ${ownCycle}
    RETURNING c.group_id, g.name, c.error, ${isReplicated} AS tells, 'ERROR'::"ReplicationState" AS replication
  ), ${followed("m.last_sync_at")}, ${loggedChanges(changes, ["datastores"])}
  SELECT (SELECT count(*) FROM changed)::int4 AS changes FROM c`;

/** How many changes are in the log for it; null: the cycle is another owner's. */
export type Written = number | null;

/** Keeps the lease: points that are too many are discarded next. */
export async function noteSuccess(pool: pg.Pool, cycle: Cycle, { pointId, takenAt, sizeBytes }: CopiedPoint): Promise<Written> {
  const values = [...fence(cycle), pointId, takenAt, sizeBytes];
  const { rows } = await pool.query<{ changes: number }>({ name: "replication-success", text: successText, values });
  return rows[0]?.changes ?? null;
}

export interface CycleFailure {
  readonly message: string;
  /** The site has not done it. Else it may have: whoever goes on asks with the same keys. */
  readonly known: boolean;
  /** Until the next try. */
  readonly retrySeconds: number;
}

/** Gives the lease back. */
export async function noteFailure(pool: pg.Pool, cycle: Cycle, { message, known, retrySeconds }: CycleFailure): Promise<Written> {
  const values = [...fence(cycle), message, known, retrySeconds];
  const { rows } = await pool.query<{ changes: number }>({ name: "replication-failure", text: failureText, values });
  return rows[0]?.changes ?? null;
}
