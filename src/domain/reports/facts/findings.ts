/** What stands in the way of plans now, as their last evaluation found it. */
import type pg from "pg";
import type { FindingSeverity, Readiness } from "../../../database/generated/enums.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

export interface EvaluationFacts {
  readonly planId: string;
  readonly readiness: Readiness | null;
  readonly score: number | null;
  readonly evaluatedAt: Date | null;
  readonly forecastRtoSeconds: number | null;
  readonly blockers: number;
  readonly warnings: number;
  /** Things that have changed since the last successful test. */
  readonly changes: number;
  readonly untestedSteps: number;
  /** Findings that were opened in the range, and those of them that are resolved. */
  readonly opened: number;
  readonly resolved: number;
}

const open = (severity: FindingSeverity) =>
  `(SELECT count(*)::int4 FROM readiness_finding f WHERE f.plan_id = e.plan_id AND f.resolved_at IS NULL AND f.severity = '${severity}')`;
const ofRange = "readiness_finding f WHERE f.plan_id = e.plan_id AND f.opened_at >= $1 AND f.opened_at < $2";

const evaluationsText = `WITH ${scopeCtes}
  SELECT e.plan_id AS "planId", e.readiness, e.score, e.evaluated_at AS "evaluatedAt", e.forecast_rto_seconds AS "forecastRtoSeconds",
    ${open("BLOCKER")} AS blockers, ${open("WARNING")} AS warnings, jsonb_array_length(e.changes) AS changes,
    jsonb_array_length(e.untested_steps) AS "untestedSteps", (SELECT count(*)::int4 FROM ${ofRange}) AS opened,
    (SELECT count(*)::int4 FROM ${ofRange} AND f.resolved_at IS NOT NULL) AS resolved
  FROM readiness_evaluation e JOIN scope ON scope.id = e.plan_id`;

export async function readEvaluations(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<EvaluationFacts[]> {
  return (await client.query<EvaluationFacts>({ text: evaluationsText, values: valuesOf(scope) })).rows;
}

export interface FindingFacts {
  readonly planName: string;
  readonly severity: FindingSeverity;
  readonly code: string;
  readonly objectName: string;
  readonly message: string;
  readonly remedy: string;
  readonly openedAt: Date;
}

export interface FindingList {
  /** Blockers first, then the oldest. */
  readonly findings: readonly FindingFacts[];
  readonly count: number;
}

const findingsText = `WITH ${scopeCtes}
  SELECT scope.name AS "planName", f.severity, f.code, f.object_name AS "objectName", f.message, f.remedy, f.opened_at AS "openedAt",
    (count(*) OVER ())::int4 AS count
  FROM readiness_finding f JOIN scope ON scope.id = f.plan_id WHERE f.resolved_at IS NULL
  ORDER BY f.severity, f.opened_at, lower(scope.name), f.id LIMIT $5`;

export async function readFindings(client: Pick<pg.ClientBase, "query">, scope: Scope, most: number): Promise<FindingList> {
  const { rows } = await client.query<FindingFacts & { count: number }>({ text: findingsText, values: [...valuesOf(scope), most] });
  return { findings: rows, count: rows[0]?.count ?? 0 };
}
