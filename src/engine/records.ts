/** Reads a run back from its rows, and writes its tree once it is compiled. */
import type pg from "pg";
import { anyOf } from "../database/list-parameter.ts";
import type { EarlierStep } from "./already-done.ts";
import type { StepState } from "./batch.ts";
import { createClock, type DatabaseClock } from "./clock.ts";
import type { PausedReason, PromptAnswer, RunKind, RunState, StepNode, StepResult, StepStatus } from "./model.ts";
import { inTurns } from "./pieces.ts";
import type { RunSnapshot, RunWarning } from "./run-snapshot.ts";
import { readingSnapshot } from "./snapshot-text.ts";

export interface RunRecord {
  readonly id: string;
  readonly kind: RunKind;
  readonly planId: string | null;
  /** Of a group's run: the group's name. */
  readonly planName: string;
  /** What stands for it among the tasks; null: nothing does. */
  readonly task: { readonly id: string; readonly name: string } | null;
  /** The plans that its task belongs to: its own, or those of the group that it works on. */
  readonly plans: readonly string[];
  readonly initiatedBy: string;
  readonly state: RunState;
  readonly pausedReason: PausedReason | null;
  readonly lastEvent: number;
  /** Of this run and those that it goes on with, the newest first. */
  readonly requests: readonly { readonly kind: RunKind; readonly at: number }[];
  readonly failurePolicy: "PAUSE" | "CONTINUE";
  readonly startedAt: number | null;
  readonly progressPercent: number;
  readonly warnings: readonly RunWarning[];
  readonly snapshot: RunSnapshot;
  /** Database time of the read. */
  readonly now: number;
  /** Set as the answer came: what is made of that takes a while. */
  readonly clock: DatabaseClock;
}

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

export async function loadRun(pool: pg.Pool, runId: string): Promise<RunRecord> {
  const { rows } = await pool.query<Omit<RunRecord, "snapshot" | "clock"> & { readonly snapshotText: string }>({
    name: "engine-load-run",
    text: `SELECT r.id, r.kind, r.plan_id AS "planId", r.plan_name AS "planName", r.initiated_by AS "initiatedBy", r.state, r.paused_reason AS "pausedReason", r.last_event AS "lastEvent",
      r.failure_policy AS "failurePolicy", (WITH RECURSIVE c AS (SELECT r.kind, r.requested_at, r.rerun_of_id
          UNION ALL SELECT o.kind, o.requested_at, o.rerun_of_id FROM c JOIN recovery o ON o.id = c.rerun_of_id)
        SELECT jsonb_agg(jsonb_build_object('kind', c.kind, 'at', ${ms("c.requested_at")}) ORDER BY c.requested_at DESC) FROM c) AS requests,
      ${ms("r.started_at")} AS "startedAt", r.progress_percent AS "progressPercent",
      r.warnings, s.content::text AS "snapshotText", ${ms("dr_now()")} AS now,
      (SELECT jsonb_build_object('id', t.id, 'name', t.name) FROM task t WHERE t.recovery_id = r.id) AS task,
      CASE WHEN r.plan_id IS NOT NULL THEN ARRAY[r.plan_id] ELSE ARRAY(SELECT m.plan_id FROM group_use u
        JOIN plan_protection_group m ON m.group_id = u.group_id WHERE u.run_id = r.id) END AS plans
      FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.id = $1`,
    values: [runId],
  });
  const row = rows[0];
  if (!row) throw new Error(`run ${runId} has no snapshot`);
  const clock = createClock(row.now);
  const { snapshotText, ...record } = row;
  return { ...record, clock, snapshot: await inTurns(readingSnapshot(snapshotText)) };
}

interface StepRow {
  readonly node: StepNode;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly progress: number;
  readonly message: string | null;
  readonly errors: string[];
  readonly warnings: string[];
  readonly result: StepResult | null;
  readonly started: number | null;
  readonly ended: number | null;
  readonly due: number | null;
}

/** In order of their ordinal; empty before the run was compiled. */
export async function loadSteps(pool: pg.Pool, runId: string): Promise<StepState[]> {
  const { rows } = await pool.query<StepRow>({
    name: "engine-load-steps",
    text: `SELECT jsonb_build_object('ordinal', ordinal, 'parent', parent, 'path', path, 'key', key, 'kind', kind, 'name', name, 'phase', phase,
        'siteId', site_id, 'groupId', group_id, 'vmId', vm_id, 'planStepId', plan_step_id, 'spec', spec, 'after', after, 'needs', needs,
        'afterGates', after_gates, 'opensGate', opens_gate, 'expectedSeconds', expected_seconds, 'onCriticalPath', on_critical_path,
        'skipReason', null, 'warnReason', null) AS node,
      status, attempt, progress_percent AS progress, message, COALESCE(errors, '{}') AS errors, COALESCE(warnings, '{}') AS warnings, result, ${ms("started_at")} AS started,
      ${ms("ended_at")} AS ended, ${ms("due_at")} AS due
      FROM recovery_step WHERE run_id = $1 ORDER BY ordinal`,
    values: [runId],
  });
  return rows.map((row) => ({
    node: row.node,
    status: row.status,
    attempt: row.attempt,
    progressPercent: row.progress,
    message: row.message,
    errors: row.errors,
    warnings: row.warnings,
    result: row.result,
    startedAt: row.started,
    endedAt: row.ended,
    dueAt: row.due,
  }));
}

/** Those of the run that it goes on with, or, when that never got so far, of the one that that one went on with. */
export async function loadEarlierSteps(pool: Pick<pg.ClientBase, "query">, runId: string): Promise<EarlierStep[]> {
  const { rows } = await pool.query<EarlierStep>({
    name: "engine-load-earlier-steps",
    text: `WITH RECURSIVE c AS (
        SELECT id, rerun_of_id, EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id) AS compiled FROM recovery r WHERE id = $1
        UNION ALL SELECT o.id, o.rerun_of_id, EXISTS (SELECT FROM recovery_step s WHERE s.run_id = o.id)
          FROM c JOIN recovery o ON o.id = c.rerun_of_id WHERE NOT c.compiled)
      SELECT s.key, s.kind, s.site_id AS "siteId", s.spec, s.status, s.attempt, s.message, s.result,
        ${ms("s.started_at")} AS "startedAt", ${ms("s.ended_at")} AS "endedAt"
      FROM c JOIN recovery_step s ON s.run_id = c.id WHERE c.compiled ORDER BY s.ordinal`,
    values: [runId],
  });
  return rows;
}

/** What people have asked of the run since it was read last, and the answers to its prompts. */
export interface Wishes {
  /** Who has paused it, or resumed it since. */
  readonly pausedBy: string | null;
  readonly pauseRequested: boolean;
  readonly cancelRequested: boolean;
  readonly cancelledBy: string | null;
  readonly cancelReason: string | null;
  /** The disaster run that is to go on with it; null: nobody has asked for that. */
  readonly switchesTo: { readonly recoveryId: string; readonly siteAnswers: boolean } | null;
  readonly answers: readonly {
    readonly id: string;
    readonly ordinal: number;
    readonly answer: PromptAnswer;
    /** Null: its time-out. */
    readonly by: string | null;
    /** Of a prompt for two: who gave the same answer before. */
    readonly first: string | null;
  }[];
  /** Open prompts for two, with the answer that the first one has given; null: none, or not any more. */
  readonly firstAnswers: readonly { readonly ordinal: number; readonly answer: PromptAnswer | null; readonly by: string | null }[];
  /** Ends of waiting that were moved: a resumed pause, a gap in which no node served. */
  readonly due: readonly { readonly ordinal: number; readonly due: number }[];
  /** Decisions about steps that have failed and are still so. */
  readonly stepWishes: readonly StepWish[];
  readonly now: number;
}

export interface StepWish {
  readonly ordinal: number;
  readonly attempt: number;
  readonly kind: "RETRY" | "SKIP" | "WORKED";
  readonly by: string;
  readonly comment: string | null;
}

/** One statement, about once a second and whenever somebody wished something. `waits`: the steps that only wait, whose ends may have been moved. */
export async function readWishes(pool: pg.Pool, runId: string, waits: readonly number[]): Promise<Wishes | null> {
  const { rows } = await pool.query<Wishes>({
    name: "engine-read-wishes",
    text: `SELECT r.pause_requested_at IS NOT NULL AS "pauseRequested", r.pause_requested_by AS "pausedBy",
      r.cancel_requested_at IS NOT NULL AS "cancelRequested", r.cancel_requested_by AS "cancelledBy", r.cancel_reason AS "cancelReason",
      (SELECT jsonb_build_object('recoveryId', f.recovery_id, 'siteAnswers', f.snapshot ->> 'protectedSiteCondition' = 'CONNECTED')
        FROM recovery_follower f WHERE f.run_id = r.id) AS "switchesTo",
      ${ms("dr_now()")} AS now,
      COALESCE((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'ordinal', p.ordinal, 'answer', p.answer, 'by', p.answered_by,
          'first', p.first_answered_by)) FROM recovery_prompt p JOIN recovery_step s ON s.run_id = p.run_id AND s.ordinal = p.ordinal AND s.attempt = p.attempt
        WHERE p.run_id = r.id AND p.answer IS NOT NULL AND s.status = 'WAITING'), '[]') AS answers,
      COALESCE((SELECT jsonb_agg(jsonb_build_object('ordinal', p.ordinal, 'answer', p.first_answer, 'by', p.first_answered_by))
        FROM recovery_prompt p JOIN recovery_step s ON s.run_id = p.run_id AND s.ordinal = p.ordinal AND s.attempt = p.attempt
        WHERE p.run_id = r.id AND p.needs_two_people AND p.answer IS NULL AND p.withdrawn_at IS NULL AND s.status = 'WAITING'), '[]') AS "firstAnswers",
      COALESCE((SELECT jsonb_agg(jsonb_build_object('ordinal', w.ordinal, 'attempt', w.attempt, 'kind', w.kind, 'by', w.requested_by,
          'comment', w.comment) ORDER BY w.requested_at)
        FROM step_wish w JOIN recovery_step s ON s.run_id = w.run_id AND s.ordinal = w.ordinal AND s.attempt = w.attempt
        WHERE w.run_id = r.id AND s.status = 'FAILED'), '[]') AS "stepWishes",
      COALESCE((SELECT jsonb_agg(jsonb_build_object('ordinal', s.ordinal, 'due', ${ms("s.due_at")}))
        FROM recovery_step s WHERE s.run_id = r.id AND s.ordinal = ${anyOf("$2", "int")} AND s.status = 'WAITING' AND s.due_at IS NOT NULL), '[]') AS due
      FROM recovery r WHERE r.id = $1`,
    values: [runId, waits],
  });
  return rows[0] ?? null;
}

/** The default answer at a prompt's time-out; somebody's own answer that came first stays. */
export async function answerByDefault(pool: pg.Pool, runId: string, epoch: bigint, ordinal: number): Promise<void> {
  await pool.query({
    name: "engine-answer-by-default",
    text: `UPDATE recovery_prompt p SET answer = p.default_answer, answered_at = dr_now()
      FROM recovery r, recovery_step s
      WHERE p.run_id = r.id AND r.id = $1 AND r.epoch = $2 AND p.ordinal = $3 AND s.run_id = r.id AND s.ordinal = p.ordinal
        AND s.attempt = p.attempt AND p.answer IS NULL AND p.withdrawn_at IS NULL AND p.default_answer IS NOT NULL AND p.due_at <= dr_now()`,
    values: [runId, epoch, ordinal],
  });
}
