/** What stands in the way of cancelling a task. Pure: `allowedOperations` and cancelTask give the same error. */
import type pg from "pg";
import { ConflictError, type DomainError, ForbiddenError } from "../errors.ts";
import { groupTaskRefusal } from "../protection/service-cancel.ts";
import { controlRefusal } from "../recoveries/service/control-refusals.ts";
import type { RunFacts } from "../recoveries/service/facts.ts";
import { holds, type Viewer } from "../viewer.ts";

export interface TaskFacts {
  readonly id: string;
  readonly name: string;
  /** The run that it stands for; null: it is no more. */
  readonly run: RunFacts | null;
}

/** Those of the tasks that exist, in no order. Whether a run waits at a pause step does not matter here, and is left out. */
export async function readTaskFacts(database: Pick<pg.ClientBase, "query">, ids: readonly string[]): Promise<TaskFacts[]> {
  const { rows } = await database.query<TaskFacts>({
    name: "task-facts",
    text: `SELECT t.id, t.name, CASE WHEN r.id IS NOT NULL THEN jsonb_build_object('recoveryId', r.id, 'taskId', t.id, 'kind', r.kind,
        'planId', r.plan_id, 'planName', r.plan_name, 'ended', r.ended_at IS NOT NULL, 'state', r.state,
        'cancelRequested', r.cancel_requested_at IS NOT NULL OR r.state = 'CANCELLING', 'switchRequested', r.switch_requested_at IS NOT NULL,
        'pauseRequested', r.pause_requested_at IS NOT NULL, 'atPauseStep', false,
        'lifecycle', (SELECT p.lifecycle FROM recovery_plan p WHERE p.id = r.plan_id)) END AS run
      FROM task t LEFT JOIN recovery r ON r.id = t.recovery_id WHERE t.id = ANY ($1::uuid[])`,
    values: [ids],
  });
  return rows;
}

export const isGroupTask = ({ kind }: Pick<RunFacts, "kind">): boolean => kind.startsWith("GROUP_");

export function cancelTaskRefusal({ name, run }: TaskFacts, viewer: Pick<Viewer, "roles">): DomainError | null {
  if (run === null) return new ConflictError(`The task ${name} has ended.`, "Look at its result; there is nothing left to cancel.");
  if (!isGroupTask(run)) return controlRefusal(run, "CANCEL_RECOVERY", viewer);
  return holds(viewer, "EDITOR") ? groupTaskRefusal(run) : new ForbiddenError("EDITOR");
}
