/** What past runs of a plan teach of the next one: how long its steps take, and its people to answer. */
import type pg from "pg";
import type { PlanRunKind } from "../../../engine/model.ts";

const rising = ["TEST", "PLANNED", "DISASTER"] as const;

/** Whose past teaches something: `towards`: the recovery site; null: it does not matter. */
export interface PastOf {
  readonly planId: string;
  readonly kind: PlanRunKind;
  readonly towards: string | null;
}

export type PastSeconds = Readonly<Record<string, number>>;

const text = `WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS a (plan_id, kind, towards, at)
  ), run AS (
    SELECT a.at, r.id, (r.kind::text = a.kind)::int4 AS alike,
      ((SELECT s.site_id FROM recovery_step s WHERE s.run_id = r.id AND s.kind = 'REGISTER_VM' LIMIT 1) = a.towards)::int4 AS same_way
    FROM asked a CROSS JOIN LATERAL unnest(CASE WHEN a.kind = ANY ($4::text[]) THEN $4::text[] ELSE ARRAY[a.kind] END) AS wanted (kind) CROSS JOIN LATERAL (
      SELECT id, kind FROM recovery WHERE plan_id = a.plan_id AND recovery.kind = wanted.kind::"RunKind" AND ended_at IS NOT NULL
      ORDER BY requested_at DESC LIMIT 3) r)
  SELECT DISTINCT ON (at, key) at::int4, key, seconds FROM (
    SELECT r.at, s.key, 2 * coalesce(r.same_way, 0) + r.alike AS likeness,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.ended_at - s.started_at)::float8) AS seconds
    -- OFFSET: the steps of these runs are read; joined, those of all runs would be while the planner has not heard how many there are.
    FROM run r CROSS JOIN LATERAL (SELECT key, started_at, ended_at FROM recovery_step WHERE run_id = r.id
      AND status IN ('SUCCEEDED', 'WARNING') AND started_at IS NOT NULL AND ended_at IS NOT NULL OFFSET 0) s
    GROUP BY r.at, s.key, likeness) known
  ORDER BY at, key, likeness DESC`;

/**
 * Of each that is asked for: by key, the median of the last three runs of a kind, of those in the same direction and of the same kind, else in
 * the same direction, of the same kind, of any that brings VMs up. A drill tells how long a disaster will take.
 */
export async function readPastSeconds(database: Pick<pg.ClientBase, "query">, asked: readonly PastOf[]): Promise<PastSeconds[]> {
  const column = (of: (one: PastOf) => string | null) => asked.map(of);
  const values = [column(({ planId }) => planId), column(({ kind }) => kind), column(({ towards }) => towards), rising];
  // Not prepared: a plan from when there were few steps would read all steps of all runs, until somebody has counted them anew.
  const { rows } = await database.query<{ at: number; key: string; seconds: number }>(text, values);
  const found = Map.groupBy(rows, ({ at }) => at);
  return asked.map((_, at) => Object.fromEntries((found.get(at + 1) ?? []).map(({ key, seconds }) => [key, seconds])));
}

/** Of one. */
export async function readPastSecondsOf(database: Pick<pg.ClientBase, "query">, asked: PastOf): Promise<PastSeconds> {
  const [found] = await readPastSeconds(database, [asked]);
  return found ?? {};
}
