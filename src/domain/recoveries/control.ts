/** Pause, resume and cancel: wishes written into the run's row, for which its owner is woken. Nothing is decided here but whether it may be wished. */
import type pg from "pg";
import { inTransaction } from "../../database/transaction.ts";
import { claim } from "../idempotency.ts";
import type { Viewer } from "../viewer.ts";
import { cancelRun, controlledRun } from "./service/cancel.ts";
import { checkTexts, type RecoveriesContext } from "./service/context.ts";

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

interface Wish {
  readonly mutation: string;
  readonly input: CancelInput;
  /** Locks the run, checks and writes. False: it has been done before. */
  readonly act: (client: pg.ClientBase) => Promise<boolean>;
}

async function wish({ database, hint, log }: RecoveriesContext, viewer: Viewer, { mutation, input, act }: Wish): Promise<ControlledRun> {
  checkTexts({ reason: input.reason, idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const answer: ControlledRun = { recoveryId: input.recoveryId };
  const changed = await inTransaction(database.pool, async (client) => {
    const request = { viewer, mutation, key: idempotencyKey ?? null, input: asked };
    return (await claim(client, request, answer)) === null && (await act(client));
  });
  if (changed) {
    log.info({ recoveryId: input.recoveryId, by: viewer.name }, mutation);
    hint(input.recoveryId);
  }
  return answer;
}

/** Nothing new starts, and what was made stays recorded for the cleanup. Twice is a success. */
export const cancel = (context: RecoveriesContext, viewer: Viewer, input: CancelInput): Promise<ControlledRun> =>
  wish(context, viewer, {
    mutation: "cancelRecovery",
    input,
    act: (client) => cancelRun(client, viewer, { recoveryId: input.recoveryId, reason: input.reason ?? null }),
  });

/** Nothing new starts until somebody resumes; what runs goes on to its end. */
export const pause = (context: RecoveriesContext, viewer: Viewer, input: ControlInput): Promise<ControlledRun> =>
  wish(context, viewer, {
    mutation: "pauseRecovery",
    input,
    async act(client) {
      const { recoveryId } = await controlledRun(client, viewer, "PAUSE_RECOVERY", input.recoveryId);
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
    mutation: "resumeRecovery",
    input,
    async act(client) {
      const { recoveryId } = await controlledRun(client, viewer, "RESUME_RECOVERY", input.recoveryId);
      await client.query({
        name: "run-resume-steps",
        text: "UPDATE recovery_step SET due_at = dr_now() WHERE run_id = $1 AND status = 'WAITING' AND kind = 'PAUSE'",
        values: [recoveryId],
      });
      await client.query({
        name: "run-resume",
        text: "UPDATE recovery SET pause_requested_at = NULL, pause_requested_by = $2, wake_at = dr_now() WHERE id = $1",
        values: [recoveryId, viewer.name],
      });
      return true;
    },
  });
