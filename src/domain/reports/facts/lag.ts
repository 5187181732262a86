/** The lag of plans over a report's range, from what is kept of its history. */
import type pg from "pg";
import { lagHistory } from "../../../engine/lag/history.ts";
import { resolutions } from "../../../engine/lag/resolutions.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

export interface LagTotals {
  /** Null: all plans; a group that is in two of them counts in each. */
  readonly planId: string | null;
  /** Each VM's measured time added up, and the part of it in which its lag was over its RPO. */
  readonly vmSeconds: number;
  readonly lateVmSeconds: number;
  readonly worstLagSeconds: number;
}

export interface LagPoint {
  readonly planId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly worstLagSeconds: number;
  readonly averageLagSeconds: number;
}

export interface LagFacts {
  readonly totals: readonly LagTotals[];
  /** In the order of time; steps in which nothing was measured are left out. */
  readonly points: readonly LagPoint[];
  /** Between two points. */
  readonly stepSeconds: number;
}

const mostPoints = 180;

/** The coarsest samples that make enough points, among those that reach back to the start; else the coarsest of all. */
export function samplesFor({ start, end, now }: Pick<Scope, "start" | "end" | "now">): { sampleSeconds: number; stepSeconds: number } {
  const seconds = (Math.min(end.getTime(), now.getTime()) - start.getTime()) / 1_000;
  const wanted = Math.max(1, seconds / mostPoints);
  const age = (now.getTime() - start.getTime()) / 1_000;
  const reaching = resolutions.filter(({ keptSeconds }) => keptSeconds >= age);
  const among = reaching.length > 0 ? reaching : resolutions.slice(-1);
  const sampleSeconds = (among.findLast((one) => one.stepSeconds <= wanted) ?? among[0])?.stepSeconds ?? 3_600;
  return { sampleSeconds, stepSeconds: Math.max(1, Math.ceil(wanted / sampleSeconds)) * sampleSeconds };
}

const samples = `${lagHistory} s JOIN scope ON scope.id = s.subject_id
  WHERE s.step_seconds = $5::int4 AND s.starts_at >= $1 AND s.starts_at < least($2, $3)`;

const totalsText = `WITH ${scopeCtes}
  SELECT s.subject_id AS "planId", sum(s.vm_seconds) AS "vmSeconds", sum(s.late_vm_seconds) AS "lateVmSeconds", max(s.max_lag_seconds) AS "worstLagSeconds"
  FROM ${samples} GROUP BY GROUPING SETS ((s.subject_id), ()) HAVING sum(s.vm_seconds) > 0`;

const pointsText = `WITH ${scopeCtes}
  SELECT s.subject_id AS "planId", floor(extract(epoch FROM s.starts_at)::float8 / $6::float8) * $6::float8 * 1000 AS time,
    max(s.max_lag_seconds) AS "worstLagSeconds", round(sum(s.lag_vm_seconds) / sum(s.vm_seconds))::int4 AS "averageLagSeconds"
  FROM ${samples} AND s.vm_seconds > 0 GROUP BY s.subject_id, 2 ORDER BY s.subject_id, 2`;

export async function readLag(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<LagFacts> {
  const { sampleSeconds, stepSeconds } = samplesFor(scope);
  const values = [...valuesOf(scope), sampleSeconds];
  const { rows: totals } = await client.query<LagTotals>({ text: totalsText, values });
  const { rows: points } = await client.query<LagPoint>({ text: pointsText, values: [...values, stepSeconds] });
  return { totals, points, stepSeconds };
}
