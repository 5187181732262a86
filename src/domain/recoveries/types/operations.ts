/** What may be done with a run, and with a step of it, now. (Reference: State Validation.) */

import { isContainerKind } from "../../../engine/model.ts";
import { builder } from "../../builder.ts";
import type { Context } from "../../context.ts";
import { ConflictError } from "../../errors.ts";
import { AllowedOperationRef, allowedOperations } from "../../operations.ts";
import { controlRefusal } from "../service/control-refusals.ts";
import type { RunFacts } from "../service/facts.ts";
import { type PromptFacts, promptRefusal, withdrawalRefusal } from "../service/prompt-refusals.ts";
import { stepRefusal } from "../service/step-refusals.ts";
import { isOpen } from "./prompt.ts";
import { PromptRef, type PromptRow, RecoveryRef, type RecoveryRow, RecoveryStepRef, type StepRow } from "./refs.ts";

/** What a refusal tells beside its message, which is not shown here. */
const untold = { taskId: null, lifecycle: null } as const;

async function factsOf(run: RecoveryRow, { loaders }: Context): Promise<RunFacts> {
  const { id: recoveryId, planId, planName, kind } = run;
  const told = {
    cancelRequested: run.cancelRequestedAt !== null || run.state === "CANCELLING",
    switchRequested: run.switchRequestedAt !== null,
    pauseRequested: run.pauseRequestedAt !== null,
  };
  const stepFailed = run.state === "PAUSED" && run.pausedReason === "STEP_FAILED";
  const atPauseStep = (await loaders.pauseStepOfRun.load(recoveryId)) !== null;
  const { state } = run;
  return { ...untold, recoveryId, kind, planId, planName, state, ended: run.endedAt !== null, ...told, stepFailed, atPauseStep };
}

builder.objectField(RecoveryRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description: "What may be done with the run now, by whoever asks; each mutation refuses with exactly that error.",
    resolve: async (run, _args, context) => {
      const { viewer } = context;
      if (viewer === null) return [];
      const facts = await factsOf(run, context);
      const refusals = {
        CANCEL_RECOVERY: controlRefusal(facts, "CANCEL_RECOVERY", viewer),
        PAUSE_RECOVERY: controlRefusal(facts, "PAUSE_RECOVERY", viewer),
        RESUME_RECOVERY: controlRefusal(facts, "RESUME_RECOVERY", viewer),
        SWITCH_TO_DISASTER: controlRefusal(facts, "SWITCH_TO_DISASTER", viewer),
      };
      return allowedOperations(refusals, viewer);
    },
  }),
);

/** The step's prompt, answered or not; null: it has not asked yet. */
async function promptOf({ runId, ordinal, attempt }: Pick<StepRow, "runId" | "ordinal" | "attempt">, { loaders }: Context) {
  const [run, prompts] = await Promise.all([loaders.recovery.load(runId), loaders.promptsOfRun.load(runId)]);
  const prompt = prompts.find((one) => one.ordinal === ordinal && one.attempt === attempt);
  return run === null || prompt === undefined ? null : promptFacts(run, prompt);
}

function promptFacts(run: RecoveryRow, prompt: PromptRow): PromptFacts {
  const { id: recoveryId, kind, planId, planName } = run;
  const {
    answer,
    answeredBy,
    answeredAt,
    needsTwoPeople,
    firstAnswer,
    firstAnsweredAt,
    firstAnsweredBy: by,
    firstAnsweredById: userId,
  } = prompt;
  const first = firstAnswer === null || by === null || userId === null ? null : { answer: firstAnswer, by, userId };
  const answered = { answer, answeredBy, answeredAt, needsTwoPeople, first, firstAnsweredAt };
  const of = { ...untold, recoveryId, kind, planId, planName, ended: run.endedAt !== null };
  return { ...of, open: isOpen(prompt, run), ...answered };
}

/** ANSWER_PROMPT, and of a prompt for two WITHDRAW_PROMPT_ANSWER. */
async function promptOperations(step: Pick<StepRow, "runId" | "ordinal" | "attempt">, context: Context) {
  const { viewer } = context;
  if (viewer === null) return [];
  const prompt = await promptOf(step, context);
  if (prompt === null) {
    const refusal = new ConflictError("The step has not asked anything yet.", "Wait until the run has come so far.");
    return allowedOperations({ ANSWER_PROMPT: refusal }, viewer);
  }
  const withdrawal = prompt.needsTwoPeople ? { WITHDRAW_PROMPT_ANSWER: withdrawalRefusal(prompt, viewer) } : {};
  return allowedOperations({ ANSWER_PROMPT: promptRefusal(prompt, viewer), ...withdrawal }, viewer);
}

async function failureOperations(step: StepRow, context: Context) {
  const { viewer, loaders } = context;
  const run = await loaders.recovery.load(step.runId);
  if (viewer === null || run === null) return [];
  const wishes = await loaders.stepWishesOfRun.load(step.runId);
  const wish = wishes.find(({ ordinal, attempt }) => ordinal === step.ordinal && attempt === step.attempt);
  const facts = { ...step, wished: wish?.kind ?? null, wishedBy: wish?.requestedBy ?? null };
  const of = await factsOf(run, context);
  return allowedOperations(
    { RETRY_STEP: stepRefusal(of, facts, "RETRY", viewer), SKIP_STEP: stepRefusal(of, facts, "SKIP", viewer) },
    viewer,
  );
}

builder.objectField(RecoveryStepRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description:
      "What may be done with the step now, by whoever asks: ANSWER_PROMPT of a prompt, RETRY_STEP and SKIP_STEP of a step that has failed; empty for all other steps.",
    resolve: (step, _args, context) => {
      if (step.kind === "PROMPT") return promptOperations(step, context);
      return step.status === "FAILED" && !isContainerKind(step.kind) ? failureOperations(step, context) : [];
    },
  }),
);

builder.objectField(PromptRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description:
      "Whether whoever asks may answer it now (and, where two people have to, take the answer back), and why not; the mutations refuse with exactly that error.",
    resolve: (prompt, _args, context) => promptOperations(prompt, context),
  }),
);
