import type { Database } from "../../database/database.ts";
import { lagHistory } from "../../engine/lag/history.ts";
import { type Batched, batched, groupFrozen } from "../batching.ts";
import { type LagRequest, type LagWindow, windowOf } from "./lag-window.ts";

/** The lag in a step of time. */
export interface LagPoint {
  readonly subjectId: string;
  readonly time: Date;
  readonly minLagSeconds: number;
  readonly averageLagSeconds: number;
  readonly maxLagSeconds: number;
  readonly worstPercentOfRpo: number;
  readonly withinRpoPercent: number;
}

export interface LagSeries extends LagWindow {
  /** Steps in which nothing was measured are left out. */
  readonly points: readonly LagPoint[];
}

/** Measured time is always more than none: the index that holds whole samples is asked for by that. */
const text = `SELECT s.subject_id AS "subjectId", to_timestamp(floor(extract(epoch FROM s.starts_at)::float8 / $3::float8) * $3::float8) AS time,
    min(s.min_lag_seconds) AS "minLagSeconds", round(sum(s.lag_vm_seconds) / sum(s.vm_seconds))::int4 AS "averageLagSeconds",
    max(s.max_lag_seconds) AS "maxLagSeconds", max(s.worst_percent) AS "worstPercentOfRpo",
    greatest(0, 100 * (1 - sum(s.late_vm_seconds) / sum(s.vm_seconds))) AS "withinRpoPercent"
  FROM ${lagHistory} s WHERE s.subject_id = ANY($1::uuid[]) AND s.step_seconds = $2::int4 AND s.vm_seconds > 0
    AND s.starts_at >= to_timestamp(floor($4::float8 / 1000 / $3::float8) * $3::float8) AND s.starts_at < to_timestamp($5::float8 / 1000)
  GROUP BY s.subject_id, time ORDER BY s.subject_id, time`;

const identity = ({ subjectId, from, to, points }: LagRequest) => JSON.stringify([subjectId, from, to, points]);

/** Requests for one range are one statement. */
export function openLagSeries(pool: Database["pool"]): Batched<LagRequest, LagSeries> {
  const readAlike = async (requests: readonly LagRequest[], now: number) => {
    const [first] = requests;
    if (first === undefined) return [];
    const window = windowOf(first, now);
    const { sampleSeconds, stepSeconds, from, to } = window;
    const values = [requests.map(({ subjectId }) => subjectId), sampleSeconds, stepSeconds, from, to];
    const { rows } = await pool.query<LagPoint>({ name: "lag-series", text, values });
    const bySubject = groupFrozen(rows, ({ subjectId }) => subjectId);
    return requests.map((request) => [identity(request), { ...window, points: bySubject.get(request.subjectId) ?? [] }] as const);
  };
  return batched({
    identity,
    fetch: async (requests) => {
      const { rows } = await pool.query<{ now: Date }>({ name: "lag-now", text: "SELECT dr_now() AS now" });
      const now = rows[0]?.now.getTime() ?? 0;
      const alike = Map.groupBy(requests, ({ from, to, points }) => JSON.stringify([from, to, points]));
      const found = new Map((await Promise.all([...alike.values()].map((some) => readAlike(some, now)))).flat());
      return (request) => {
        const series = found.get(identity(request));
        if (series === undefined) throw new Error("a series was asked for that was not read");
        return series;
      };
    },
  });
}
