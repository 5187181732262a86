/** Pause, resume and cancel: wishes written into the run's row, for which its owner is woken. Nothing is decided here but whether it may be wished. */
import type pg from "pg";
import type { PausedReason, RunKind, RunState } from "../../engine/model.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { claim } from "../idempotency.ts";
import { encodeId } from "../ids.ts";
import { inTransaction } from "../transaction.ts";
import { type Role, requireRole, type Viewer } from "../viewer.ts";
import { checkTexts, type RecoveriesContext } from "./service-context.ts";

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

interface RunRow {
  readonly id: string;
  readonly planId: string | null;
  readonly planName: string;
  readonly kind: RunKind;
  readonly state: RunState;
  readonly pausedReason: PausedReason | null;
  readonly ended: boolean;
  readonly cancelRequested: boolean;
  readonly pauseRequested: boolean;
}

async function lockRun(client: pg.ClientBase, recoveryId: string): Promise<RunRow> {
  const { rows } = await client.query<RunRow>({
    name: "run-lock",
    text: `SELECT id, plan_id AS "planId", plan_name AS "planName", kind, state, paused_reason AS "pausedReason", ended_at IS NOT NULL AS ended,
        cancel_requested_at IS NOT NULL AS "cancelRequested", pause_requested_at IS NOT NULL AS "pauseRequested"
      FROM recovery WHERE id = $1 FOR UPDATE`,
    values: [recoveryId],
  });
  const [run] = rows;
  if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", recoveryId));
  return run;
}

const groupKinds: ReadonlySet<RunKind> = new Set<RunKind>(["GROUP_CREATE", "GROUP_UPDATE", "GROUP_DELETE"]);

/** What works on a protection group is no recovery: it has a task, or is over soon. */
const isGroups = (run: RunRow) =>
  refuse(
    run,
    `This run works on the protection group ${run.planName}; it is not controlled as a recovery is.`,
    "Wait until it has ended; the creation of a group is cancelled by its task (cancelTask).",
  );

/** Tests and cleanups are an operator's; what moves machines for real needs more. */
export const roleFor = (kind: RunKind): Role => (kind === "TEST" || kind === "CLEANUP" ? "OPERATOR" : "RECOVERY_ADMIN");

const refuse = (run: RunRow, message: string, remedy: string) =>
  new ConflictError(message, remedy, {
    planName: run.planName,
    activeRecoveryId: run.id,
    ...(run.planId === null ? {} : { planId: run.planId }),
  });

const hasEnded = (run: RunRow) =>
  refuse(run, `The run of ${run.planName} has ended.`, "Look at its result; there is nothing left to control.");
const isCleanup = (run: RunRow) => refuse(run, "A cleanup can be neither paused nor cancelled.", "Wait until it has ended.");
const isCancelled = (run: RunRow) => refuse(run, `The run of ${run.planName} is being cancelled.`, "Wait until it has ended.");

interface Control {
  readonly mutation: string;
  readonly input: CancelInput;
  /** Throws what stands in the way; false: it has been done before. */
  readonly act: (client: pg.ClientBase, run: RunRow) => Promise<boolean>;
}

async function control(
  { database, hint, log }: RecoveriesContext,
  viewer: Viewer,
  { mutation, input, act }: Control,
): Promise<ControlledRun> {
  checkTexts({ reason: input.reason, idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const answer: ControlledRun = { recoveryId: input.recoveryId };
  const changed = await inTransaction(database.pool, async (client) => {
    const request = { viewer, mutation, key: idempotencyKey ?? null, input: asked };
    if ((await claim(client, request, answer)) !== null) return false;
    const run = await lockRun(client, input.recoveryId);
    if (groupKinds.has(run.kind)) throw isGroups(run);
    requireRole(viewer, roleFor(run.kind));
    return act(client, run);
  });
  if (changed) {
    log.info({ recoveryId: input.recoveryId, by: viewer.name }, mutation);
    hint(input.recoveryId);
  }
  return answer;
}

/** Nothing new starts, and what was made stays recorded for the cleanup. Twice is a success. */
export const cancel = (context: RecoveriesContext, viewer: Viewer, input: CancelInput): Promise<ControlledRun> =>
  control(context, viewer, {
    mutation: "cancelRecovery",
    input,
    async act(client, run) {
      if (run.kind === "CLEANUP") throw isCleanup(run);
      if (run.cancelRequested) return false;
      if (run.ended) throw hasEnded(run);
      await client.query({
        name: "run-cancel",
        text: `UPDATE recovery SET cancel_requested_at = dr_now(), cancel_requested_by = $2, cancel_reason = $3, wake_at = dr_now() WHERE id = $1`,
        values: [run.id, viewer.name, input.reason ?? null],
      });
      return true;
    },
  });

/** Nothing new starts until somebody resumes; what runs goes on to its end. */
export const pause = (context: RecoveriesContext, viewer: Viewer, input: ControlInput): Promise<ControlledRun> =>
  control(context, viewer, {
    mutation: "pauseRecovery",
    input,
    async act(client, run) {
      if (run.ended) throw hasEnded(run);
      if (run.kind === "CLEANUP") throw isCleanup(run);
      if (run.cancelRequested) throw isCancelled(run);
      if (run.pauseRequested) throw refuse(run, `The run of ${run.planName} is paused already.`, "Resume it when it shall go on.");
      await client.query({
        name: "run-pause",
        text: "UPDATE recovery SET pause_requested_at = dr_now(), pause_requested_by = $2, wake_at = dr_now() WHERE id = $1",
        values: [run.id, viewer.name],
      });
      return true;
    },
  });

/** Ends an operator's pause, and every pause step that the run waits at. */
export const resume = (context: RecoveriesContext, viewer: Viewer, input: ControlInput): Promise<ControlledRun> =>
  control(context, viewer, {
    mutation: "resumeRecovery",
    input,
    async act(client, run) {
      if (run.ended) throw hasEnded(run);
      if (run.cancelRequested) throw isCancelled(run);
      const steps = await client.query({
        name: "run-resume-steps",
        text: "UPDATE recovery_step SET due_at = dr_now() WHERE run_id = $1 AND status = 'WAITING' AND kind = 'PAUSE'",
        values: [run.id],
      });
      if (!run.pauseRequested && steps.rowCount === 0) {
        throw refuse(
          run,
          `The run of ${run.planName} is not paused.`,
          "A prompt is answered with answerPrompt; anything else goes on by itself.",
        );
      }
      await client.query({
        name: "run-resume",
        text: "UPDATE recovery SET pause_requested_at = NULL, pause_requested_by = NULL, wake_at = dr_now() WHERE id = $1",
        values: [run.id],
      });
      return true;
    },
  });
