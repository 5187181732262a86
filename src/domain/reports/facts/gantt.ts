/** The newest run of each plan that has ended, with its steps, to be drawn. */
import type pg from "pg";
import type { StepStatus } from "../../../engine/model.ts";
import type { DrawnRun } from "../../documents/gantt.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

const runsText = `WITH ${scopeCtes}
  SELECT id, of_plan AS "planId", plan_name AS "planName", kind, ${ms("requested_at")} AS "requestedAt", ${ms("ended_at")} AS "endedAt"
  FROM (SELECT DISTINCT ON (of_plan) * FROM run WHERE ended_at IS NOT NULL AND ($5 = '' OR kind = 'TEST') ORDER BY of_plan, dated DESC, id DESC) AS newest
  ORDER BY dated DESC, id LIMIT $6`;

const stepsText = `SELECT run_id AS "runId", ordinal, parent, path, key, kind, name, phase, site_id AS "siteId", group_id AS "groupId", vm_id AS "vmId",
    plan_step_id AS "planStepId", spec, '{}'::int4[] AS after, '{}'::int4[] AS needs, '{}'::int4[] AS "afterGates", opens_gate AS "opensGate",
    expected_seconds AS "expectedSeconds", on_critical_path AS "onCriticalPath", NULL AS "skipReason", NULL AS "warnReason", status,
    ${ms("started_at")} AS "startedAt", ${ms("ended_at")} AS "endedAt"
  FROM recovery_step WHERE run_id = $1 ORDER BY ordinal`;

type RunRow = Pick<DrawnRun, "planId" | "planName" | "kind" | "requestedAt" | "endedAt"> & { readonly id: string };
type StepRow = DrawnRun["steps"][number] & { readonly status: StepStatus };

/** At most so many runs, the newest. One run's steps are held at a time: a large one has tens of thousands. */
export async function drawRuns<T>(
  client: Pick<pg.ClientBase, "query">,
  scope: Scope,
  only: "TEST" | "",
  most: number,
  draw: (run: DrawnRun) => T,
): Promise<T[]> {
  const { rows } = await client.query<RunRow>({ text: runsText, values: [...valuesOf(scope), only, most] });
  const drawn: T[] = [];
  for (const { id, ...run } of rows) {
    const { rows: steps } = await client.query<StepRow>({ text: stepsText, values: [id] });
    drawn.push(draw({ ...run, now: run.endedAt, steps }));
  }
  return drawn;
}
