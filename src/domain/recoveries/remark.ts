/** What somebody writes down about a run, while it goes or afterwards. */
import { v7 as newId } from "uuid";
import { ConflictError, NotFoundError } from "../errors.ts";
import { checkText, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import type { Viewer } from "../viewer.ts";
import type { RecoveriesContext } from "./service/context.ts";

export interface RemarkInput {
  readonly recoveryId: string;
  readonly text: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface WrittenRemark extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
  readonly remarkId: string;
}

const longestText = 4_096;
/** A run shows all of them. */
const mostRemarks = 500;

/** The run's task stands for it in the log: whoever watches that reads the run again. */
export async function addRemark(context: RecoveriesContext, viewer: Viewer, input: RemarkInput): Promise<WrittenRemark> {
  const errors = fieldErrors();
  checkText(errors, ["text"], input.text, longestText);
  if (input.text.trim() === "") errors.add(["text"], "A remark has to say something.");
  errors.check();
  const answer: WrittenRemark = { recoveryId: input.recoveryId, remarkId: newId() };
  return mutate(context, viewer, {
    mutation: "addRecoveryRemark",
    input: { ...input },
    answer,
    async act(client) {
      const { rows } = await client.query<{ taskId: string | null; remarks: number }>({
        name: "remark-run",
        text: `SELECT (SELECT t.id FROM task t WHERE t.recovery_id = r.id) AS "taskId",
            (SELECT count(*)::int4 FROM recovery_remark m WHERE m.run_id = r.id) AS remarks
          FROM recovery r WHERE r.id = $1 AND r.kind::text NOT LIKE 'GROUP%' FOR NO KEY UPDATE`,
        values: [input.recoveryId],
      });
      const [run] = rows;
      if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", input.recoveryId));
      if (run.remarks >= mostRemarks) {
        const message = `The run has ${mostRemarks} remarks, and no more can be added.`;
        throw new ConflictError(message, "Keep what is longer elsewhere.", { limit: mostRemarks, current: run.remarks });
      }
      await client.query({
        name: "remark-add",
        text: "INSERT INTO recovery_remark (id, run_id, text, written_by_id, written_by) VALUES ($1, $2, $3, $4, $5)",
        values: [answer.remarkId, input.recoveryId, input.text, viewer.userId, viewer.name],
      });
      return run.taskId === null ? [] : [{ kind: "TASK_CHANGED", id: run.taskId, change: "UPDATED" }];
    },
  });
}
