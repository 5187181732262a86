/** What can be done with tasks: cancelling one is cancelling what it stands for, by that one's rules. */
import { NotFoundError } from "../errors.ts";
import { checkText, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import { cancelGroupTask } from "../protection/service-cancel.ts";
import { cancelRun } from "../recoveries/service/cancel.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { cancelTaskRefusal, isGroupTask, readTaskFacts } from "./refusals.ts";

export interface CancelTaskInput {
  readonly taskId: string;
  readonly reason?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface CancelledTask extends Readonly<Record<string, string>> {
  readonly taskId: string;
}

/** Ids are the database's. Rejects with a DomainError when nothing was done; the key gets the first answer again. */
export interface Tasks {
  cancel(viewer: Viewer, input: CancelTaskInput): Promise<CancelledTask>;
}

export const createTasks = (context: ServiceContext): Tasks => ({
  async cancel(viewer, input) {
    const { taskId } = input;
    const reason = input.reason ?? null;
    const errors = fieldErrors();
    checkText(errors, ["reason"], reason, 1_024);
    errors.check();
    let told: string | null = null;
    const answer = await mutate(context, viewer, {
      mutation: "cancelTask",
      input: { ...input },
      answer: { taskId },
      async act(client) {
        const [task] = await readTaskFacts(client, [taskId]);
        if (task === undefined) throw new NotFoundError("Task", encodeId("Task", taskId));
        const { run } = task;
        const refusal = cancelTaskRefusal(task, viewer);
        if (refusal !== null) throw refusal;
        if (run === null) return [];
        const { recoveryId } = run;
        // What stands for it locks its row and decides again.
        const changed = await (isGroupTask(run)
          ? cancelGroupTask(client, viewer, { runId: recoveryId, reason })
          : cancelRun(client, viewer, { recoveryId, reason }));
        if (changed) told = recoveryId;
        return []; // the run's owner tells of what becomes of it
      },
    });
    if (told !== null) context.hint(told);
    return answer;
  },
});
