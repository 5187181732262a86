/** How whoever watches a run keeps it in hand: checked for shape here, decided in the service. */
import { builder } from "../../builder.ts";
import { encodeId, idOf } from "../../ids.ts";
import { PromptRef, RecoveryRef, RecoveryStepRef } from "../types/refs.ts";
import { RecoveryRemarkRef } from "../types/remark.ts";
import { stepById } from "../types/step.ts";
import { act, key, loadPrompt, loadRecovery } from "./parts.ts";

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

const SwitchToDisasterInput = builder.inputType("SwitchToDisasterInput", {
  description: "Which planned recovery to go on with as a disaster recovery.",
  fields: (t) => ({
    recoveryId: t.id({ required: true, description: "A PLANNED run that is RUNNING, PROMPTING or PAUSED." }),
    acceptUnfenced: t.boolean({
      description:
        "Needed where the protected site can't be reached: whoever asks has made sure that its VMs are off. It is recorded. False by default.",
    }),
    notes: t.string({ description: "Notes on the disaster run, at most 4,096 characters." }),
    idempotencyKey: t.string(key),
  }),
});

const SwitchToDisasterPayload = builder
  .objectRef<{ readonly recoveryId: string; readonly followerId: string }>("SwitchToDisasterPayload")
  .implement({
    description: "The planned run stops, and a disaster run follows.",
    fields: (t) => ({
      recovery: t.field({
        type: RecoveryRef,
        description: "The planned run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
      followerId: t.id({
        description:
          "Of the disaster run: `recovery` finds it as soon as the planned run has ended, and so does `activeRecovery` of the plan.",
        resolve: ({ followerId }) => encodeId("Recovery", followerId),
      }),
    }),
  });

const stepField = { required: true, description: "A step that has FAILED, of a run that is PAUSED with the reason STEP_FAILED." } as const;

const RetryStepInput = builder.inputType("RetryStepInput", {
  description: "Which failed step to try again.",
  fields: (t) => ({ stepId: t.id(stepField), idempotencyKey: t.string(key) }),
});

const SkipStepInput = builder.inputType("SkipStepInput", {
  description: "Which failed step to do without, and why.",
  fields: (t) => ({
    stepId: t.id(stepField),
    comment: t.string({ required: true, description: "Why, for the record; 1 to 4,096 characters." }),
    worked: t.boolean({
      description:
        "Of a command whose outcome nobody knew: somebody has looked, and it worked. The step counts as SUCCEEDED. False by default.",
    }),
    idempotencyKey: t.string(key),
  }),
});

const decidedPayload = (name: string, description: string) =>
  builder.objectRef<{ readonly stepId: string; readonly recoveryId: string }>(name).implement({
    description,
    fields: (t) => ({
      step: t.field({
        type: RecoveryStepRef,
        nullable: true,
        description: "The step.",
        resolve: ({ stepId }, _args, context) => stepById(stepId, context),
      }),
      recovery: t.field({
        type: RecoveryRef,
        description: "Its run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
    }),
  });

const taken =
  "The run's node takes it up next; step and run may still show their old state here. Behind the last decision the run goes on.";
const RetryStepPayload = decidedPayload("RetryStepPayload", `The step is to be tried again. ${taken}`);
const SkipStepPayload = decidedPayload("SkipStepPayload", `The step is to be skipped, or has worked. ${taken}`);

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
  retryStep: t.field({
    type: RetryStepPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Has a failed step of a paused run tried again, as a new attempt. What was skipped because of it waits for it again. CONFLICT unless the run is PAUSED with the reason STEP_FAILED, the step has FAILED, and nobody has decided about it.",
    args: { input: t.arg({ type: RetryStepInput, required: true, description: "Which step." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.retryStep(viewer, { ...input, stepId: idOf("RecoveryStep", input.stepId, ["stepId"]) }),
      ),
  }),
  skipStep: t.field({
    type: SkipStepPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Lets a paused run go on without a failed step. What needs it goes on as if it had ended well, unless it works with the step's result (a snapshot, promoted storage, a network, a registered VM): that is SKIPPED. CONFLICT as for retryStep, and for `worked` of a step that is known to have failed.",
    args: { input: t.arg({ type: SkipStepInput, required: true, description: "Which step, and why." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.skipStep(viewer, { ...input, stepId: idOf("RecoveryStep", input.stepId, ["stepId"]) }),
      ),
  }),
  switchToDisaster: t.field({
    type: SwitchToDisasterPayload,
    nullable: true,
    authScopes: { role: "RECOVERY_ADMIN" },
    errors: {},
    description:
      "Goes on with a planned recovery as a disaster recovery, such as when the protected site is lost half-way. The planned run stops as it does when it is cancelled, and puts nothing back; it ends CANCELLED with the reason SWITCHED_TO_DISASTER, and a DISASTER run with `rerunOf` follows at once. What is done stays done there; what is left at the protected site follows the rules of a disaster recovery, and the RTO counts from the request of the planned run. CONFLICT unless the run is PLANNED and RUNNING, PROMPTING or PAUSED, and neither cancelled nor switched; PRECONDITION_FAILED with UNFENCED without acceptUnfenced where the protected site can't be reached, and with SITE_DISCONNECTED when it is the recovery site. What ends well by itself before it hears of this is not followed.",
    args: { input: t.arg({ type: SwitchToDisasterInput, required: true, description: "Which run." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.switchToDisaster(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
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
