/** Pause, resume and cancel: wishes written into the run's row, for which its owner is woken. Nothing is decided here but whether it may be wished. */
import type pg from "pg";
import { NotFoundError } from "../errors.ts";
import { claim } from "../idempotency.ts";
import { encodeId } from "../ids.ts";
import { inTransaction } from "../transaction.ts";
import type { Viewer } from "../viewer.ts";
import { checkTexts, type RecoveriesContext } from "./service-context.ts";
import { type Control, controlRefusal } from "./service-control-refusals.ts";
import type { RunFacts } from "./service-facts.ts";

export interface ControlInput {
  readonly recoveryId: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface CancelInput extends ControlInput {
  readonly reason?: string | null | undefined;
}

/** The run that was told something. */
export interface ControlledRun extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
}

async function lockRun(client: pg.ClientBase, recoveryId: string): Promise<Omit<RunFacts, "atPauseStep">> {
  const { rows } = await client.query<Omit<RunFacts, "atPauseStep">>({
    name: "run-lock",
    text: `SELECT id AS "recoveryId", NULL AS "taskId", plan_id AS "planId", plan_name AS "planName", kind, ended_at IS NOT NULL AS ended,
        cancel_requested_at IS NOT NULL AS "cancelRequested", pause_requested_at IS NOT NULL AS "pauseRequested"
      FROM recovery WHERE id = $1 FOR UPDATE`,
    values: [recoveryId],
  });
  const [run] = rows;
  if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", recoveryId));
  return run;
}

interface Wish {
  readonly control: Control;
  readonly mutation: string;
  readonly input: CancelInput;
  /** False: it has been done before. */
  readonly act: (client: pg.ClientBase, run: RunFacts) => Promise<boolean>;
}

async function wish(
  { database, hint, log }: RecoveriesContext,
  viewer: Viewer,
  { control, mutation, input, act }: Wish,
): Promise<ControlledRun> {
  checkTexts({ reason: input.reason, idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const answer: ControlledRun = { recoveryId: input.recoveryId };
  const changed = await inTransaction(database.pool, async (client) => {
    const request = { viewer, mutation, key: idempotencyKey ?? null, input: asked };
    if ((await claim(client, request, answer)) !== null) return false;
    const row = await lockRun(client, input.recoveryId);
    // Asked behind the lock: what waits there, and what it reads, is of one moment.
    const run: RunFacts = { ...row, atPauseStep: await waitsAtPauseStep(client, row.recoveryId) };
    const refusal = controlRefusal(run, control, viewer);
    if (refusal !== null) throw refusal;
    return act(client, run);
  });
  if (changed) {
    log.info({ recoveryId: input.recoveryId, by: viewer.name }, mutation);
    hint(input.recoveryId);
  }
  return answer;
}

async function waitsAtPauseStep(client: pg.ClientBase, recoveryId: string): Promise<boolean> {
  const text = "SELECT 1 FROM recovery_step WHERE run_id = $1 AND status = 'WAITING' AND kind = 'PAUSE' LIMIT 1";
  return (await client.query({ name: "run-at-pause-step", text, values: [recoveryId] })).rowCount === 1;
}

/** Nothing new starts, and what was made stays recorded for the cleanup. Twice is a success. */
export const cancel = (context: RecoveriesContext, viewer: Viewer, input: CancelInput): Promise<ControlledRun> =>
  wish(context, viewer, {
    control: "CANCEL_RECOVERY",
    mutation: "cancelRecovery",
    input,
    async act(client, { recoveryId, cancelRequested }) {
      if (cancelRequested) return false;
      await client.query({
        name: "run-cancel",
        text: `UPDATE recovery SET cancel_requested_at = dr_now(), cancel_requested_by = $2, cancel_reason = $3, wake_at = dr_now() WHERE id = $1`,
        values: [recoveryId, viewer.name, input.reason ?? null],
      });
      return true;
    },
  });

/** Nothing new starts until somebody resumes; what runs goes on to its end. */
export const pause = (context: RecoveriesContext, viewer: Viewer, input: ControlInput): Promise<ControlledRun> =>
  wish(context, viewer, {
    control: "PAUSE_RECOVERY",
    mutation: "pauseRecovery",
    input,
    async act(client, { recoveryId }) {
      await client.query({
        name: "run-pause",
        text: "UPDATE recovery SET pause_requested_at = dr_now(), pause_requested_by = $2, wake_at = dr_now() WHERE id = $1",
        values: [recoveryId, viewer.name],
      });
      return true;
    },
  });

/** Ends an operator's pause, and every pause step that the run waits at. */
export const resume = (context: RecoveriesContext, viewer: Viewer, input: ControlInput): Promise<ControlledRun> =>
  wish(context, viewer, {
    control: "RESUME_RECOVERY",
    mutation: "resumeRecovery",
    input,
    async act(client, { recoveryId }) {
      await client.query({
        name: "run-resume-steps",
        text: "UPDATE recovery_step SET due_at = dr_now() WHERE run_id = $1 AND status = 'WAITING' AND kind = 'PAUSE'",
        values: [recoveryId],
      });
      await client.query({
        name: "run-resume",
        text: "UPDATE recovery SET pause_requested_at = NULL, pause_requested_by = NULL, wake_at = dr_now() WHERE id = $1",
        values: [recoveryId],
      });
      return true;
    },
  });
