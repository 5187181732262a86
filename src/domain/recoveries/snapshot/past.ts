/** What past runs of a plan teach of the next one: how long its steps take, and its people to answer. */
import type pg from "pg";
import type { PlanRunKind } from "../../../engine/model.ts";

const rising = ["TEST", "PLANNED", "DISASTER"] as const;

/**
 * By key, the median of the last three runs of a kind: of those in the same direction and of the same kind, else in the same direction, of the
 * same kind, of any that brings VMs up. A drill tells how long a disaster will take. `towards`: the recovery site; null: it does not matter.
 */
export async function readPastSeconds(
  database: Pick<pg.ClientBase, "query">,
  planId: string,
  kind: PlanRunKind,
  towards: string | null,
): Promise<Record<string, number>> {
  const kinds = rising.some((one) => one === kind) ? rising : [kind];
  const { rows } = await database.query<{ key: string; seconds: number }>({
    name: "snapshot-past-seconds",
    text: `WITH run AS (
        SELECT r.id, (r.kind = $2::"RunKind")::int4 AS alike,
          ((SELECT s.site_id FROM recovery_step s WHERE s.run_id = r.id AND s.kind = 'REGISTER_VM' LIMIT 1) = $4::uuid)::int4 AS same_way
        FROM unnest($3::"RunKind"[]) AS wanted (kind) CROSS JOIN LATERAL (
          SELECT id, kind FROM recovery WHERE plan_id = $1 AND recovery.kind = wanted.kind AND ended_at IS NOT NULL
          ORDER BY requested_at DESC LIMIT 3) r)
      SELECT DISTINCT ON (key) key, seconds FROM (
        SELECT s.key, 2 * coalesce(r.same_way, 0) + r.alike AS likeness,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.ended_at - s.started_at)::float8) AS seconds
        FROM run r JOIN recovery_step s ON s.run_id = r.id
        WHERE s.status IN ('SUCCEEDED', 'WARNING') AND s.started_at IS NOT NULL AND s.ended_at IS NOT NULL
        GROUP BY s.key, likeness) known
      ORDER BY key, likeness DESC`,
    values: [planId, kind, kinds, towards],
  });
  return Object.fromEntries(rows.map(({ key, seconds }) => [key, seconds]));
}
