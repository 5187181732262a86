/** How whoever watches a run keeps it in hand: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { act, key, loadPrompt, loadRecovery } from "./mutation-parts.ts";
import { PromptRef, RecoveryRef } from "./types-refs.ts";
import { RecoveryRemarkRef } from "./types-remark.ts";

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

const AddRecoveryRemarkInput = builder.inputType("AddRecoveryRemarkInput", {
  description: "What to write down about which run.",
  fields: (t) => ({
    recoveryId: t.id({ required: true, description: "The run, under way or over." }),
    text: t.string({ required: true, description: "1 to 4,096 characters; not only blanks." }),
    idempotencyKey: t.string(key),
  }),
});

const AddRecoveryRemarkPayload = builder
  .objectRef<{ readonly recoveryId: string; readonly remarkId: string }>("AddRecoveryRemarkPayload")
  .implement({
    description: "The remark is written.",
    fields: (t) => ({
      remark: t.field({
        type: RecoveryRemarkRef,
        nullable: true,
        description: "The remark.",
        resolve: ({ remarkId }, _args, { loaders }) => loaders.remark.load(remarkId),
      }),
      recovery: t.field({
        type: RecoveryRef,
        description: "Its run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
    }),
  });

/** What a run other than a test or its cleanup needs more is asked by the service, which knows the run. */
const authScopes = { role: "OPERATOR" } as const;

builder.mutationFields((t) => ({
  addRecoveryRemark: t.field({
    type: AddRecoveryRemarkPayload,
    nullable: true,
    authScopes,
    errors: {},
    description: "Writes something down about a run, of any kind, while it goes or afterwards. CONFLICT when it has 500 remarks.",
    args: { input: t.arg({ type: AddRecoveryRemarkInput, required: true, description: "What, and about which run." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.addRemark(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
      ),
  }),
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
