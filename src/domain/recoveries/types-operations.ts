/** What may be done with a run, and with a step of it, now. (Reference: State Validation.) */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { ConflictError } from "../errors.ts";
import { AllowedOperationRef, allowedOperations } from "../operations.ts";
import { controlRefusal, promptRefusal } from "./service-control-refusals.ts";
import type { RunFacts } from "./service-facts.ts";
import { isOpen } from "./types-prompt.ts";
import { PromptRef, RecoveryRef, type RecoveryRow, RecoveryStepRef, type StepRow } from "./types-refs.ts";

async function factsOf(run: RecoveryRow, { loaders }: Context): Promise<RunFacts> {
  const { id: recoveryId, planId, planName, kind } = run;
  const told = { cancelRequested: run.cancelRequestedAt !== null, pauseRequested: run.pauseRequestedAt !== null };
  const atPauseStep = (await loaders.pauseStepOfRun.load(recoveryId)) !== null;
  return { recoveryId, taskId: null, kind, planId, planName, ended: run.endedAt !== null, ...told, atPauseStep };
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
      };
      return allowedOperations(refusals, viewer);
    },
  }),
);

/** What stands in the way of answering the step's prompt; a step that has not asked yet has none. */
async function answerRefusal({ runId, ordinal, attempt }: Pick<StepRow, "runId" | "ordinal" | "attempt">, { loaders, viewer }: Context) {
  const [run, prompts] = await Promise.all([loaders.recovery.load(runId), loaders.promptsOfRun.load(runId)]);
  const prompt = prompts.find((one) => one.ordinal === ordinal && one.attempt === attempt);
  if (run === null || viewer === null || prompt === undefined)
    return new ConflictError("The step has not asked anything yet.", "Wait until the run has come so far.");
  const { kind, planId, planName } = run;
  const { answer, answeredBy, answeredAt } = prompt;
  return promptRefusal({ recoveryId: runId, kind, planId, planName, open: isOpen(prompt, run), answer, answeredBy, answeredAt }, viewer);
}

builder.objectField(RecoveryStepRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description: "What may be done with the step now, by whoever asks: ANSWER_PROMPT of a prompt; empty for all other steps.",
    resolve: async (step, _args, context) =>
      step.kind === "PROMPT" ? allowedOperations({ ANSWER_PROMPT: await answerRefusal(step, context) }, context.viewer) : [],
  }),
);

builder.objectField(PromptRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description: "Whether whoever asks may answer it now, and why not; the mutation refuses with exactly that error.",
    resolve: async (prompt, _args, context) => allowedOperations({ ANSWER_PROMPT: await answerRefusal(prompt, context) }, context.viewer),
  }),
);
