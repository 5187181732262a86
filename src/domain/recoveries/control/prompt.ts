/** Answering a prompt: the first answer wins, whoever gave it, and the others are told who and when. One for two people waits for the second. */
import type pg from "pg";
import { inTransaction } from "../../../database/transaction.ts";
import type { PromptAnswer } from "../../../engine/model.ts";
import { NotFoundError } from "../../errors.ts";
import { claim } from "../../idempotency.ts";
import { encodeId } from "../../ids.ts";
import type { Viewer } from "../../viewer.ts";
import { checkTexts, type RecoveriesContext } from "../service/context.ts";
import { type PromptFacts, promptRefusal, secondRefusal, withdrawalRefusal } from "../service/prompt-refusals.ts";

export interface PromptInput {
  readonly promptId: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface AnswerInput extends PromptInput {
  readonly answer: PromptAnswer;
  readonly comment?: string | null | undefined;
}

/** The prompt that was answered, and its run. */
export interface AnsweredPrompt extends Readonly<Record<string, string>> {
  readonly promptId: string;
  readonly recoveryId: string;
}

interface Change<Input extends PromptInput> {
  readonly mutation: string;
  readonly input: Input;
  /** Checks and writes, with the prompt held. */
  readonly act: (client: pg.ClientBase, prompt: PromptFacts) => Promise<void>;
}

/** An answer counts at once, or, at a prompt for two, once somebody else gives the same one. */
export const answerPrompt = (context: RecoveriesContext, viewer: Viewer, input: AnswerInput): Promise<AnsweredPrompt> =>
  change(context, viewer, {
    mutation: "answerPrompt",
    input,
    async act(client, prompt) {
      const refusal = promptRefusal(prompt, viewer) ?? secondRefusal(prompt, viewer, input.answer);
      if (refusal !== null) throw refusal;
      const alone = prompt.first === null || prompt.first.userId === viewer.userId;
      await write(client, prompt.needsTwoPeople && alone ? "first" : "answer", viewer, input);
    },
  });

/** What somebody has answered first at a prompt for two stays beside it. */
export const answerBySchedule = (context: RecoveriesContext, viewer: Viewer, input: AnswerInput): Promise<AnsweredPrompt> =>
  change(context, viewer, {
    mutation: "answerPrompt",
    input,
    async act(client, prompt) {
      const refusal = promptRefusal(prompt, viewer);
      if (refusal !== null) throw refusal;
      await write(client, "answer", viewer, input);
    },
  });

/** Takes back the first answer to a prompt for two, which only whoever gave it can do. */
export const withdrawAnswer = (context: RecoveriesContext, viewer: Viewer, input: PromptInput): Promise<AnsweredPrompt> =>
  change(context, viewer, {
    mutation: "withdrawPromptAnswer",
    input,
    async act(client, prompt) {
      const refusal = withdrawalRefusal(prompt, viewer);
      if (refusal !== null) throw refusal;
      await client.query({ name: "prompt-withdraw-answer", text: statements.withdraw, values: [input.promptId] });
    },
  });

async function change<Input extends PromptInput & { readonly comment?: string | null | undefined }>(
  { database, hint, log }: RecoveriesContext,
  viewer: Viewer,
  { mutation, input, act }: Change<Input>,
): Promise<AnsweredPrompt> {
  checkTexts({ comment: input.comment, idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const { pool } = database;
  const answered: AnsweredPrompt = { promptId: input.promptId, recoveryId: await runOf(pool, input.promptId) };
  const earlier = await inTransaction(pool, async (client) => {
    const first = await claim(client, { viewer, mutation, key: idempotencyKey ?? null, input: asked }, answered);
    if (first === null) await act(client, await lockPrompt(client, answered));
    return first;
  });
  if (earlier !== null) return earlier;
  log.info({ ...answered, by: viewer.name }, mutation);
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

const statements = {
  answer: `UPDATE recovery_prompt SET answer = $2, answered_at = dr_now(), answered_by_id = $3, answered_by = $4, comment = $5 WHERE id = $1`,
  first: `UPDATE recovery_prompt SET first_answer = $2, first_answered_at = dr_now(), first_answered_by_id = $3, first_answered_by = $4,
    first_comment = $5 WHERE id = $1`,
  withdraw: `UPDATE recovery_prompt SET first_answer = NULL, first_answered_at = NULL, first_answered_by_id = NULL,
    first_answered_by = NULL, first_comment = NULL WHERE id = $1`,
} as const;

/** The run's row first, as the journal does: then the prompt can't be withdrawn in between. */
async function lockPrompt(client: pg.ClientBase, { promptId, recoveryId }: AnsweredPrompt): Promise<PromptFacts> {
  await client.query({ name: "prompt-wake", text: "UPDATE recovery SET wake_at = dr_now() WHERE id = $1", values: [recoveryId] });
  const { rows } = await client.query<PromptFacts>({
    name: "prompt-read",
    text: `SELECT r.id AS "recoveryId", p.answer, p.answered_by AS "answeredBy", p.answered_at AS "answeredAt",
        p.answer IS NULL AND p.withdrawn_at IS NULL AND r.ended_at IS NULL AND r.cancel_requested_at IS NULL AS open,
        p.needs_two_people AS "needsTwoPeople", CASE WHEN p.first_answer IS NOT NULL THEN jsonb_build_object(
          'answer', p.first_answer, 'by', p.first_answered_by, 'userId', p.first_answered_by_id) END AS first,
        p.first_answered_at AS "firstAnsweredAt", r.kind, r.ended_at IS NOT NULL AS ended,
        (SELECT t.id FROM task t WHERE t.recovery_id = r.id) AS "taskId", (SELECT l.lifecycle FROM recovery_plan l WHERE l.id = r.plan_id) AS lifecycle,
        r.plan_id AS "planId", r.plan_name AS "planName"
      FROM recovery_prompt p JOIN recovery r ON r.id = p.run_id WHERE p.id = $1 FOR UPDATE OF p`,
    values: [promptId],
  });
  const [prompt] = rows;
  if (prompt === undefined) throw new NotFoundError("Prompt", encodeId("Prompt", promptId));
  return prompt;
}

async function write(client: pg.ClientBase, which: "answer" | "first", viewer: Viewer, input: AnswerInput): Promise<void> {
  const values = [input.promptId, input.answer, viewer.userId, viewer.name, input.comment ?? null];
  await client.query({ name: `prompt-${which}`, text: statements[which], values });
}
