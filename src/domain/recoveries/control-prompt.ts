/** Answering a prompt: the first answer wins, whoever gave it, and the others are told who and when. */
import type pg from "pg";
import type { PromptAnswer } from "../../engine/model.ts";
import { NotFoundError } from "../errors.ts";
import { claim } from "../idempotency.ts";
import { encodeId } from "../ids.ts";
import { inTransaction } from "../transaction.ts";
import type { Viewer } from "../viewer.ts";
import { checkTexts, type RecoveriesContext } from "./service-context.ts";
import { type PromptFacts, promptRefusal } from "./service-control-refusals.ts";

export interface AnswerInput {
  readonly promptId: string;
  readonly answer: PromptAnswer;
  readonly comment?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** The prompt that was answered, and its run. */
export interface AnsweredPrompt extends Readonly<Record<string, string>> {
  readonly promptId: string;
  readonly recoveryId: string;
}

export async function answerPrompt(
  { database, hint, log }: RecoveriesContext,
  viewer: Viewer,
  input: AnswerInput,
): Promise<AnsweredPrompt> {
  checkTexts({ comment: input.comment, idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const { pool } = database;
  const answered: AnsweredPrompt = { promptId: input.promptId, recoveryId: await runOf(pool, input.promptId) };
  const earlier = await inTransaction(pool, async (client) => {
    const request = { viewer, mutation: "answerPrompt", key: idempotencyKey ?? null, input: asked };
    const first = await claim(client, request, answered);
    if (first === null) await write(client, viewer, input, answered.recoveryId);
    return first;
  });
  if (earlier !== null) return earlier;
  log.info({ ...answered, answer: input.answer, by: viewer.name }, "prompt answered");
  hint(answered.recoveryId);
  return answered;
}

async function runOf(pool: pg.Pool, promptId: string): Promise<string> {
  const { rows } = await pool.query<{ runId: string }>({
    name: "prompt-run",
    text: `SELECT run_id AS "runId" FROM recovery_prompt WHERE id = $1`,
    values: [promptId],
  });
  const [prompt] = rows;
  if (prompt === undefined) throw new NotFoundError("Prompt", encodeId("Prompt", promptId));
  return prompt.runId;
}

/** The run's row first, as the journal does: then the prompt can't be withdrawn in between. */
async function write(client: pg.ClientBase, viewer: Viewer, { promptId, answer, comment }: AnswerInput, runId: string): Promise<void> {
  await client.query({ name: "prompt-wake", text: "UPDATE recovery SET wake_at = dr_now() WHERE id = $1", values: [runId] });
  const { rows } = await client.query<PromptFacts>({
    name: "prompt-read",
    text: `SELECT r.id AS "recoveryId", p.answer, p.answered_by AS "answeredBy", p.answered_at AS "answeredAt",
        p.answer IS NULL AND p.withdrawn_at IS NULL AND r.ended_at IS NULL AND r.cancel_requested_at IS NULL AS open,
        r.kind, r.plan_id AS "planId", r.plan_name AS "planName"
      FROM recovery_prompt p JOIN recovery r ON r.id = p.run_id WHERE p.id = $1 FOR UPDATE OF p`,
    values: [promptId],
  });
  const [prompt] = rows;
  if (prompt === undefined) throw new NotFoundError("Prompt", encodeId("Prompt", promptId));
  const refusal = promptRefusal(prompt, viewer);
  if (refusal !== null) throw refusal;
  await client.query({
    name: "prompt-answer",
    text: `UPDATE recovery_prompt SET answer = $2, answered_at = dr_now(), answered_by_id = $3, answered_by = $4, comment = $5 WHERE id = $1`,
    values: [promptId, answer, viewer.userId, viewer.name, comment ?? null],
  });
}
