/** Occurrences for which something is left to be done, as they are read and changed. */
import type { PromptAnswer, ResultState } from "../../database/generated/enums.ts";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { drillChanged, type Queryable } from "./rows.ts";
import type { DrillParts } from "./start-due.ts";

/** An occurrence for which something is left to be done, with its drill and its test. */
export interface OpenOccurrence {
  readonly id: string;
  readonly drillId: string;
  readonly drillName: string;
  readonly planId: string;
  readonly outcome: "STARTED" | "SUCCEEDED" | "FAILED";
  readonly runId: string;
  readonly promptPolicy: PromptAnswer;
  readonly timeIsUp: boolean;
  readonly maxDurationSeconds: number;
  readonly cleanup: "NOT_WANTED" | "WAITING";
  readonly cleanupAttempts: number;
  readonly cleanupRunId: string | null;
  /** Null: the attempt is under way, or what became of it has not been read. */
  readonly cleanupDueAt: Date | null;
  readonly cleanupIsDue: boolean;
  readonly runEndedAt: Date | null;
  readonly runResult: ResultState | null;
  readonly cancelReason: string | null;
  readonly cancelledBy: string | null;
  readonly cancelRequested: boolean;
  /** Who has answered a prompt ABORT; null: nobody. */
  readonly abortedBy: string | null;
  readonly vmsFailed: number;
  readonly openPrompts: readonly string[];
}

const openText = `SELECT o.id, o.drill_id AS "drillId", d.name AS "drillName", d.plan_id AS "planId", o.outcome, o.run_id AS "runId",
    o.prompt_policy AS "promptPolicy", o.deadline_at <= dr_now() AS "timeIsUp",
    extract(epoch FROM o.deadline_at - o.recorded_at)::int4 AS "maxDurationSeconds", o.cleanup, o.cleanup_attempts AS "cleanupAttempts",
    o.cleanup_run_id AS "cleanupRunId", o.cleanup_due_at AS "cleanupDueAt", coalesce(o.cleanup_due_at <= dr_now(), false) AS "cleanupIsDue",
    r.ended_at AS "runEndedAt", r.result_state AS "runResult", r.cancel_reason AS "cancelReason", r.cancel_requested_by AS "cancelledBy",
    r.cancel_requested_at IS NOT NULL AS "cancelRequested", r.vms_failed AS "vmsFailed",
    (SELECT coalesce(p.answered_by, 'its time-out') FROM recovery_prompt p WHERE p.run_id = r.id AND p.answer = 'ABORT'
      ORDER BY p.answered_at LIMIT 1) AS "abortedBy",
    ARRAY(SELECT p.id FROM recovery_prompt p WHERE p.run_id = r.id AND r.ended_at IS NULL AND p.answer IS NULL AND p.withdrawn_at IS NULL
      ORDER BY p.opened_at, p.id) AS "openPrompts"
  FROM drill_occurrence o JOIN drill d ON d.id = o.drill_id JOIN recovery r ON r.id = o.run_id
  WHERE o.settled_at IS NULL ORDER BY o.recorded_at, o.id`;

export async function readOpen({ context }: Pick<DrillParts, "context">): Promise<OpenOccurrence[]> {
  return (await context.database.pool.query<OpenOccurrence>({ name: "drills-open", text: openText })).rows;
}

export interface OpenDrillRun {
  readonly drillId: string;
  readonly runId: string;
}

const openRunsText = `SELECT DISTINCT ON (drill_id) drill_id AS "drillId", run_id AS "runId" FROM drill_occurrence
  WHERE drill_id = ANY ($1::uuid[]) AND settled_at IS NULL ORDER BY drill_id, recorded_at, id`;

/** Of these drills, at most one each: a test for which something is left to be done. */
export async function readOpenRuns(database: Queryable, drillIds: readonly string[]): Promise<OpenDrillRun[]> {
  return (await database.query<OpenDrillRun>({ name: "drill-open-runs", text: openRunsText, values: [drillIds] })).rows;
}

export const leftForDisaster = "A real recovery of the plan goes first: clean up by hand once it is over (cleanupTest).";

/** One conditional statement, and that the drill has changed, if it was not in vain. */
export async function change(
  { context }: Pick<DrillParts, "context">,
  { drillId, drillName }: Pick<OpenOccurrence, "drillId" | "drillName">,
  statement: { readonly name: string; readonly text: string; readonly values: unknown[] },
): Promise<void> {
  const changed = await inTransaction(context.database.pool, async (client: Queryable) => {
    const { rowCount } = await client.query(statement);
    if (rowCount !== 0) await appendChanges(client, [drillChanged({ id: drillId, name: drillName })]);
    return rowCount !== 0;
  });
  if (changed) context.announce();
}
