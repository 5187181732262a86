/** Notes of a test, edited afterwards. */

import { NotFoundError } from "../errors.ts";
import { checkKey, checkText, fieldError, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { checkVersion, ifChanged, mutate } from "../mutation.ts";
import type { Viewer } from "../viewer.ts";
import { type RecoveriesContext, textLimits } from "./service/context.ts";

export interface TestNotesInput {
  readonly recoveryId: string;
  readonly notes: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface EditedTest extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
}

interface RunRow {
  readonly kind: string;
  readonly planName: string;
  readonly notes: string;
  readonly version: number;
  readonly taskId: string | null;
}

/** The run's task stands for it in the log: whoever watches that reads the run again. */
export async function updateTestNotes(context: RecoveriesContext, viewer: Viewer, input: TestNotesInput): Promise<EditedTest> {
  const { recoveryId, notes, expectedVersion } = input;
  const errors = fieldErrors();
  checkText(errors, ["notes"], notes, textLimits.notes);
  checkKey(errors, input.idempotencyKey);
  errors.check();
  return mutate(context, viewer, {
    mutation: "updateTestNotes",
    input: { ...input },
    answer: { recoveryId },
    async act(client) {
      const { rows } = await client.query<RunRow>({
        name: "test-notes-run",
        text: `SELECT r.kind, r.plan_name AS "planName", r.notes, r.notes_version AS version,
            (SELECT t.id FROM task t WHERE t.recovery_id = r.id) AS "taskId"
          FROM recovery r WHERE r.id = $1 AND r.kind::text NOT LIKE 'GROUP%' FOR NO KEY UPDATE`,
        values: [recoveryId],
      });
      const [run] = rows;
      if (run === undefined) throw new NotFoundError("Recovery", encodeId("Recovery", recoveryId));
      if (run.kind !== "TEST")
        throw fieldError(["recoveryId"], `This is a ${run.kind} run: the notes of tests are edited; write a remark on it instead.`);
      checkVersion(`the notes of this test of ${run.planName}`, run.version, expectedVersion);
      return ifChanged(run.notes, notes, async () => {
        await client.query({
          name: "test-notes-write",
          text: "UPDATE recovery SET notes = $2, notes_version = notes_version + 1, notes_edited_by = $3, notes_edited_at = dr_now() WHERE id = $1",
          values: [recoveryId, notes, viewer.name],
        });
        return run.taskId === null ? [] : [{ kind: "TASK_CHANGED", id: run.taskId, change: "UPDATED" }];
      });
    },
  });
}
