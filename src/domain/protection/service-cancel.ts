/** Cancelling the task of a group: its creation is rolled back by the engine, its deletion goes on. */
import type pg from "pg";
import type { RunKind } from "../../engine/model.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { requireRole, type Viewer } from "../viewer.ts";

/** The run behind a group's task; its `planName` is the group's name. */
export interface GroupRun {
  readonly kind: RunKind;
  readonly planName: string;
  readonly ended: boolean;
  /** It has been cancelled before: once more is a success. */
  readonly cancelRequested: boolean;
}

/** Why the task can't be cancelled; null: it can be, or has been. For `allowedOperations` too. */
export function groupTaskRefusal({ kind, planName, ended, cancelRequested }: GroupRun): ConflictError | null {
  if (cancelRequested) return null;
  if (ended)
    return new ConflictError(
      `The task of the protection group ${planName} has ended.`,
      "Look at its result; there is nothing left to cancel.",
    );
  if (kind === "GROUP_CREATE") return null;
  return new ConflictError(
    `The deletion of the protection group ${planName} has begun and can't be cancelled.`,
    "Wait until it has ended.",
  );
}

/**
 * In the transaction of `cancelTask`. Whoever may make groups may cancel that: it needs the role EDITOR. Answers whether the run has to be
 * hinted at after the commit; false: it was cancelled before.
 */
export async function cancelGroupTask(
  client: pg.ClientBase,
  viewer: Viewer,
  { runId, reason }: { readonly runId: string; readonly reason: string | null },
): Promise<boolean> {
  requireRole(viewer, "EDITOR");
  const { rows } = await client.query<GroupRun>({
    name: "group-task-lock",
    text: `SELECT kind, plan_name AS "planName", ended_at IS NOT NULL AS ended, cancel_requested_at IS NOT NULL AS "cancelRequested"
      FROM recovery WHERE id = $1 FOR UPDATE`,
    values: [runId],
  });
  const [run] = rows;
  if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", runId));
  const refusal = groupTaskRefusal(run);
  if (refusal !== null) throw refusal;
  if (run.cancelRequested) return false;
  await client.query({
    name: "group-task-cancel",
    text: `UPDATE recovery SET cancel_requested_at = dr_now(), cancel_requested_by = $2, cancel_reason = $3, wake_at = dr_now() WHERE id = $1`,
    values: [runId, viewer.name, reason],
  });
  return true;
}
