/**
 * Recovery points that a run made or used, in the catalogue of their groups. Derived from the run's steps, so that doing it again does
 * no harm: it is done after each write that may have changed it, and once more by whoever takes the run over. Says SYNCED once for each
 * copy, so that what a replication cycle has found since stays; while a real recovery suspends the cycles, it says nothing of them.
 */
import type pg from "pg";
import type { StepState } from "./batch.ts";
import type { Claim } from "./lease.ts";
import { isSettled, type StepNode } from "./model.ts";

const kinds: ReadonlySet<string> = new Set<StepNode["kind"]>(["SYNCHRONISE", "CREATE_SNAPSHOT", "PROMOTE_STORAGE"]);

/** Steps whose ends make points, or use them. */
export const tellsOfPoints = ({ kind }: { readonly kind: string }): boolean => kinds.has(kind);

const text = `WITH r AS (SELECT id, kind FROM recovery WHERE id = $1 AND epoch = $2),
  s AS (
    SELECT step.group_id, step.kind, step.result, step.run_id, r.kind IN ('PLANNED', 'DISASTER') AS suspends
    FROM recovery_step step JOIN r ON r.id = step.run_id
    WHERE step.ordinal = ANY($3::int[]) AND step.status IN ('SUCCEEDED', 'ALREADY_DONE') AND step.result ? 'pointId'),
  made AS (
    INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete, size_bytes, completed_at)
    SELECT DISTINCT ON (group_id, result ->> 'pointId') gen_random_uuid(), group_id, result ->> 'pointId',
      (result ->> 'takenAt')::timestamptz, true, COALESCE((result ->> 'sizeBytes')::bigint, 0), CASE WHEN kind = 'SYNCHRONISE' THEN dr_now() END
    FROM s ORDER BY group_id, result ->> 'pointId', kind = 'SYNCHRONISE' DESC
    ON CONFLICT (group_id, external_id) DO NOTHING),
  synced AS (
    UPDATE protected_vm m SET last_sync_at = n.at, replication_state = CASE WHEN n.suspends THEN m.replication_state ELSE 'SYNCED' END
    FROM (SELECT group_id, max((result ->> 'takenAt')::timestamptz) AS at, bool_or(suspends) AS suspends FROM s WHERE kind = 'SYNCHRONISE'
      GROUP BY group_id) AS n
    WHERE m.group_id = n.group_id AND (m.last_sync_at IS NULL OR m.last_sync_at < n.at)),
  used AS (
    UPDATE recovery_group g SET point_external_id = s.result ->> 'pointId', point_taken_at = (s.result ->> 'takenAt')::timestamptz
    FROM s WHERE s.kind <> 'SYNCHRONISE' AND g.run_id = s.run_id AND g.group_id = s.group_id)
  SELECT 1`;

const pin = `INSERT INTO recovery_point_pin (point_id, run_id)
  SELECT p.id, r.id FROM recovery r JOIN recovery_step s ON s.run_id = r.id JOIN recovery_point p ON p.group_id = s.group_id
    AND p.external_id = s.result ->> 'pointId'
  WHERE r.id = $1 AND r.epoch = $2 AND s.ordinal = ANY($3::int[]) AND r.kind = 'TEST' AND s.kind = 'CREATE_SNAPSHOT' AND s.result ? 'pointId'
  ON CONFLICT DO NOTHING`;

const ordinalsOfRuns = new WeakMap<readonly StepState[], readonly number[]>();

/** Which of a run's steps they are stays as it is, and a run may have 100,000. */
function ordinalsOf(steps: readonly StepState[]): readonly number[] {
  const known = ordinalsOfRuns.get(steps);
  if (known) return known;
  const found = steps.flatMap(({ node }) => (tellsOfPoints(node) ? node.ordinal : []));
  ordinalsOfRuns.set(steps, found);
  return found;
}

/** `steps`: the run's; only those that tell of points are read, of a run with thousands of others, and none while none has ended. */
export async function notePoints(pool: pg.Pool, { runId, epoch }: Claim, steps: readonly StepState[]): Promise<void> {
  const ended = ordinalsOf(steps).filter((ordinal) => isSettled(steps[ordinal - 1]?.status ?? "PENDING"));
  if (ended.length === 0) return;
  const values = [runId, epoch, ended];
  await pool.query({ name: "engine-note-points", text, values });
  await pool.query({ name: "engine-pin-points", text: pin, values });
}
