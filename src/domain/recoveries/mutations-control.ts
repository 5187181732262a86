/** How whoever watches a run keeps it in hand: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { act, key, loadPrompt } from "./mutation-parts.ts";
import { PromptRef } from "./types-refs.ts";

const WithdrawPromptAnswerInput = builder.inputType("WithdrawPromptAnswerInput", {
  description: "Which prompt's first answer to take back.",
  fields: (t) => ({
    promptId: t.id({ required: true, description: "A prompt for two people that you have answered first." }),
    idempotencyKey: t.string(key),
  }),
});

const WithdrawPromptAnswerPayload = builder.objectRef<{ readonly promptId: string }>("WithdrawPromptAnswerPayload").implement({
  description: "The prompt waits for a first answer again.",
  fields: (t) => ({
    prompt: t.field({
      type: PromptRef,
      description: "The prompt.",
      resolve: ({ promptId }, _args, context) => loadPrompt(context, promptId),
    }),
  }),
});

/** What a run other than a test or its cleanup needs more is asked by the service, which knows the run. */
const authScopes = { role: "OPERATOR" } as const;

builder.mutationFields((t) => ({
  withdrawPromptAnswer: t.field({
    type: WithdrawPromptAnswerPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Takes back the first answer to a prompt for two people. CONFLICT when there is none, somebody else gave it, or the prompt is no longer open.",
    args: { input: t.arg({ type: WithdrawPromptAnswerInput, required: true, description: "Which prompt." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.withdrawAnswer(viewer, { ...input, promptId: idOf("Prompt", input.promptId, ["promptId"]) }),
      ),
  }),
}));
