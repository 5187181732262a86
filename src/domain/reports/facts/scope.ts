/** Which plans, runs and groups a report is about, as CTEs. $1 start, $2 end, $3 moment that counts as now, $4 plans (empty: all). */

export interface Scope {
  /** Included. */
  readonly start: Date;
  /** Not included. */
  readonly end: Date;
  /** When the data is read. */
  readonly now: Date;
  readonly planIds: readonly string[];
}

export const valuesOf = ({ start, end, now, planIds }: Scope): unknown[] => [start, end, now, planIds];

/** A run belongs to the range by its start, or by its request where it never started. */
const dated = "coalesce(r.started_at, r.requested_at)";

/**
 * `run`: tests and recoveries of the range, of deleted plans too: those are known by their runs' tasks. `scope`: the plans, the deleted ones by
 * the name that their last run had.
 */
export const scopeCtes = `run AS (
    SELECT r.*, coalesce(r.plan_id, t.target_id, md5(r.plan_name)::uuid) AS of_plan, ${dated} AS dated
    FROM recovery r LEFT JOIN task t ON t.recovery_id = r.id
    WHERE r.kind IN ('TEST', 'PLANNED', 'DISASTER') AND ${dated} >= $1 AND ${dated} < $2 AND $3::timestamptz IS NOT NULL
      AND (cardinality($4::uuid[]) = 0 OR coalesce(r.plan_id, t.target_id) = ANY($4))
  ), scope AS (
    SELECT p.id, p.name::text AS name, false AS deleted FROM recovery_plan p WHERE cardinality($4) = 0 OR p.id = ANY($4)
    UNION ALL
    (SELECT DISTINCT ON (of_plan) of_plan, plan_name, true FROM run WHERE plan_id IS NULL ORDER BY of_plan, requested_at DESC, run.id)
  )`;
