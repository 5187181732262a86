/** Tests and recoveries of a report's range: counted and measured in the database, listed up to a number. */
import type pg from "pg";
import type { ResultState, RunKind } from "../../../database/generated/enums.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

/** Of one plan, or of all together (`planId` null); of one kind, or of both. Runs that have not ended count in `open` and nowhere else. */
export interface RunTotals {
  readonly planId: string | null;
  readonly kind: "TEST" | "RECOVERY" | "ALL";
  readonly open: number;
  readonly success: number;
  readonly warning: number;
  readonly partial: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly vmsRecovered: number;
  readonly vmsFailed: number;
  readonly medianSeconds: number | null;
  readonly longestSeconds: number | null;
  /** Of plans with a target, without runs that were cancelled. */
  readonly rtoMet: number;
  readonly rtoMissed: number;
  readonly rtoMedianSeconds: number | null;
  readonly rtoWorstSeconds: number | null;
  readonly rpoWorstSeconds: number | null;
  readonly newestAt: Date | null;
  /** Of the newest one that has ended and was not cancelled. */
  readonly newestResult: ResultState | null;
}

const ended = "ended_at IS NOT NULL";
const counted = (result: ResultState) => `count(*) FILTER (WHERE result_state = '${result}')::int4`;
const lasted = "extract(epoch FROM ended_at - coalesce(started_at, requested_at))";
const judged = `${ended} AND result_state <> 'CANCELLED' AND target IS NOT NULL`;
const met = "rto_achieved_seconds IS NOT NULL AND rto_achieved_seconds <= target";

const totalsText = `WITH ${scopeCtes}, judged AS (
    SELECT run.*, p.rto_target_seconds AS target, CASE WHEN run.kind = 'TEST' THEN 'TEST' ELSE 'RECOVERY' END AS sort
    FROM run LEFT JOIN recovery_plan p ON p.id = run.plan_id
  )
  SELECT of_plan AS "planId", coalesce(sort, 'ALL') AS kind, count(*) FILTER (WHERE ended_at IS NULL)::int4 AS open, ${counted("SUCCESS")} AS success,
    ${counted("WARNING")} AS warning, ${counted("PARTIAL")} AS partial, ${counted("FAILED")} AS failed, ${counted("CANCELLED")} AS cancelled,
    coalesce(sum(vms_succeeded) FILTER (WHERE ${ended}), 0)::int4 AS "vmsRecovered",
    coalesce(sum(vms_failed) FILTER (WHERE ${ended}), 0)::int4 AS "vmsFailed",
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ${lasted}) FILTER (WHERE ${ended}))::numeric)::int4 AS "medianSeconds",
    round(max(${lasted}) FILTER (WHERE ${ended}))::int4 AS "longestSeconds",
    count(*) FILTER (WHERE ${judged} AND ${met})::int4 AS "rtoMet",
    count(*) FILTER (WHERE ${judged} AND NOT (${met}))::int4 AS "rtoMissed",
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY rto_achieved_seconds))::numeric)::int4 AS "rtoMedianSeconds",
    max(rto_achieved_seconds) AS "rtoWorstSeconds", max(rpo_achieved_seconds) AS "rpoWorstSeconds",
    max(dated) FILTER (WHERE ${ended}) AS "newestAt",
    (array_agg(result_state ORDER BY dated DESC, id DESC) FILTER (WHERE ${ended} AND result_state <> 'CANCELLED'))[1] AS "newestResult"
  FROM judged GROUP BY GROUPING SETS ((of_plan, sort), (of_plan), (sort), ())`;

export async function readRunTotals(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<RunTotals[]> {
  return (await client.query<RunTotals>({ text: totalsText, values: valuesOf(scope) })).rows;
}

export interface RunFacts {
  readonly id: string;
  readonly planId: string;
  readonly planName: string;
  readonly kind: RunKind;
  readonly dated: Date;
  readonly endedAt: Date | null;
  /** Null: it is under way. */
  readonly resultState: ResultState | null;
  readonly seconds: number | null;
  readonly vmsRecovered: number;
  readonly vmsFailed: number;
  readonly rtoAchievedSeconds: number | null;
  readonly rpoAchievedSeconds: number | null;
  readonly rtoTargetSeconds: number | null;
  readonly initiatedBy: string;
  readonly notes: string;
}

export interface RunList {
  /** The newest first. */
  readonly runs: readonly RunFacts[];
  /** How many there are in all. */
  readonly count: number;
}

const listText = `WITH ${scopeCtes}
  SELECT run.id, of_plan AS "planId", plan_name AS "planName", kind, dated, ended_at AS "endedAt", result_state AS "resultState",
    round(${lasted})::int4 AS seconds, vms_succeeded AS "vmsRecovered", vms_failed AS "vmsFailed", rto_achieved_seconds AS "rtoAchievedSeconds",
    rpo_achieved_seconds AS "rpoAchievedSeconds", p.rto_target_seconds AS "rtoTargetSeconds", initiated_by AS "initiatedBy",
    left(notes, 1000) AS notes, (count(*) OVER ())::int4 AS count
  FROM run LEFT JOIN recovery_plan p ON p.id = run.plan_id WHERE $5 = '' OR kind = 'TEST' ORDER BY dated DESC, run.id DESC LIMIT $6`;

export async function readRuns(client: Pick<pg.ClientBase, "query">, scope: Scope, only: "TEST" | "", most: number): Promise<RunList> {
  const { rows } = await client.query<RunFacts & { count: number }>({ text: listText, values: [...valuesOf(scope), only, most] });
  return { runs: rows, count: rows[0]?.count ?? 0 };
}
