/** What becomes of a step that has failed: tried again, skipped, or known to have worked. A wish in a row, for which the run's owner is woken. */
import type pg from "pg";
import { inTransaction } from "../../../database/transaction.ts";
import { NotFoundError } from "../../errors.ts";
import { checkText, fieldErrors } from "../../field-errors.ts";
import { claim } from "../../idempotency.ts";
import { encodeId } from "../../ids.ts";
import type { Viewer } from "../../viewer.ts";
import { lockRun } from "../service/cancel.ts";
import { checkTexts, type RecoveriesContext } from "../service/context.ts";
import { type StepDecision, type StepFacts, stepRefusal } from "../service/step-refusals.ts";

export interface RetryInput {
  /** "run/ordinal". */
  readonly stepId: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface SkipInput extends RetryInput {
  readonly comment: string;
  readonly worked?: boolean | null | undefined;
}

export interface DecidedStep extends Readonly<Record<string, string>> {
  readonly stepId: string;
  readonly recoveryId: string;
}

/** The step is begun anew, with the next attempt. */
export const retryStep = (context: RecoveriesContext, viewer: Viewer, input: RetryInput): Promise<DecidedStep> =>
  decide(context, viewer, { mutation: "retryStep", input, decision: "RETRY", comment: null });

/** The run goes on without the step, or as if it had worked. */
export async function skipStep(context: RecoveriesContext, viewer: Viewer, input: SkipInput): Promise<DecidedStep> {
  const errors = fieldErrors();
  checkText(errors, ["comment"], input.comment, 4_096);
  if (input.comment.trim() === "") errors.add(["comment"], "Say why, for the record.");
  errors.check();
  return decide(context, viewer, { mutation: "skipStep", input, decision: input.worked ? "WORKED" : "SKIP", comment: input.comment });
}

interface Decision {
  readonly mutation: string;
  readonly input: RetryInput;
  readonly decision: StepDecision;
  readonly comment: string | null;
}

async function decide(context: RecoveriesContext, viewer: Viewer, { mutation, input, decision, comment }: Decision): Promise<DecidedStep> {
  checkTexts({ idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const [recoveryId = "", ordinal = ""] = input.stepId.split("/");
  const answer: DecidedStep = { stepId: input.stepId, recoveryId };
  const earlier = await inTransaction(context.database.pool, async (client) => {
    const first = await claim(client, { viewer, mutation, key: idempotencyKey ?? null, input: asked }, answer);
    if (first !== null) return first;
    const run = await lockRun(client, recoveryId);
    const step = await readStep(client, recoveryId, ordinal);
    const refusal = stepRefusal(run, step, decision, viewer);
    if (refusal !== null) throw refusal;
    await client.query({
      name: "step-wish",
      text: `INSERT INTO step_wish (run_id, ordinal, attempt, kind, comment, requested_by_id, requested_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      values: [recoveryId, step.ordinal, step.attempt, decision, comment, viewer.userId, viewer.name],
    });
    await client.query({ name: "step-wake", text: "UPDATE recovery SET wake_at = dr_now() WHERE id = $1", values: [recoveryId] });
    return null;
  });
  if (earlier !== null) return earlier;
  context.log.info({ ...answer, decision, by: viewer.name }, mutation);
  context.hint(recoveryId);
  return answer;
}

async function readStep(client: pg.ClientBase, runId: string, ordinal: string): Promise<StepFacts> {
  const { rows } = await client.query<StepFacts>({
    name: "step-facts",
    text: `SELECT s.ordinal, s.path, s.name, s.kind, s.status, s.attempt, s.message, w.kind AS wished, w.requested_by AS "wishedBy"
      FROM recovery_step s LEFT JOIN step_wish w ON w.run_id = s.run_id AND w.ordinal = s.ordinal AND w.attempt = s.attempt
      WHERE s.run_id = $1 AND s.ordinal = $2`,
    values: [runId, Number(ordinal)],
  });
  const [step] = rows;
  if (step === undefined) throw new NotFoundError("RecoveryStep", encodeId("RecoveryStep", `${runId}/${ordinal}`));
  return step;
}
