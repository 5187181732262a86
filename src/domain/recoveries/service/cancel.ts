/** Telling a run to cancel, inside a transaction: for cancelRecovery, and for whoever stands for a run, such as its task. */
import type pg from "pg";
import { NotFoundError } from "../../errors.ts";
import { encodeId } from "../../ids.ts";
import type { Viewer } from "../../viewer.ts";
import { type Control, controlRefusal } from "./control-refusals.ts";
import type { RunFacts } from "./facts.ts";

/** Locks the run; throws what stands in the way of controlling it. */
export async function controlledRun(
  client: pg.ClientBase,
  viewer: Pick<Viewer, "roles">,
  control: Control,
  recoveryId: string,
): Promise<RunFacts> {
  const run = await lockRun(client, recoveryId);
  const refusal = controlRefusal(run, control, viewer);
  if (refusal !== null) throw refusal;
  return run;
}

export async function lockRun(client: pg.ClientBase, recoveryId: string): Promise<RunFacts> {
  const { rows } = await client.query<Omit<RunFacts, "atPauseStep" | "taskId" | "lifecycle">>({
    name: "run-lock",
    text: `SELECT id AS "recoveryId", plan_id AS "planId", plan_name AS "planName", kind, ended_at IS NOT NULL AS ended, state,
        (cancel_requested_at IS NOT NULL OR state = 'CANCELLING') AS "cancelRequested", switch_requested_at IS NOT NULL AS "switchRequested", pause_requested_at IS NOT NULL AS "pauseRequested",
        (state = 'PAUSED' AND paused_reason = 'STEP_FAILED') IS TRUE AS "stepFailed"
      FROM recovery WHERE id = $1 FOR UPDATE`,
    values: [recoveryId],
  });
  const [run] = rows;
  if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", recoveryId));
  // Asked behind the lock: what waits there, and what it reads, is of one moment.
  return { ...run, ...(await standing(client, run)) };
}

type Standing = Pick<RunFacts, "atPauseStep" | "taskId" | "lifecycle">;

async function standing(client: pg.ClientBase, { recoveryId, planId }: Pick<RunFacts, "recoveryId" | "planId">): Promise<Standing> {
  const { rows } = await client.query<Standing>({
    name: "run-standing",
    text: `SELECT EXISTS (SELECT FROM recovery_step WHERE run_id = $1 AND status = 'WAITING' AND kind = 'PAUSE') AS "atPauseStep",
      (SELECT id FROM task WHERE recovery_id = $1) AS "taskId", (SELECT lifecycle FROM recovery_plan WHERE id = $2) AS lifecycle`,
    values: [recoveryId, planId],
  });
  return rows[0] ?? { atPauseStep: false, taskId: null, lifecycle: null };
}

/** Nothing new starts, and what was made stays recorded for the cleanup. False: it was cancelled before. */
export async function cancelRun(
  client: pg.ClientBase,
  viewer: Pick<Viewer, "name" | "roles">,
  { recoveryId, reason }: { readonly recoveryId: string; readonly reason: string | null },
): Promise<boolean> {
  const { cancelRequested } = await controlledRun(client, viewer, "CANCEL_RECOVERY", recoveryId);
  if (cancelRequested) return false;
  await client.query({
    name: "run-cancel",
    text: `UPDATE recovery SET cancel_requested_at = dr_now(), cancel_requested_by = $2, cancel_reason = $3, wake_at = dr_now() WHERE id = $1`,
    values: [recoveryId, viewer.name, reason],
  });
  return true;
}
