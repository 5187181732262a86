/** What can be done with recoveries: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { type Operation, refusedOperation } from "../operations.ts";
import { act, controlPayload, key, loadPrompt, loadRecovery, startedPayload } from "./mutations/parts.ts";
import type { PointChoice } from "./recovery-point.ts";
import { FailurePolicy, PromptAnswer, RecoveryType } from "./types/enums.ts";
import { PromptRef, RecoveryRef } from "./types/refs.ts";

/** What a start of each type is called among the operations. */
const starts = {
  TEST: "START_TEST",
  PLANNED: "START_PLANNED_RECOVERY",
  DISASTER: "START_DISASTER_RECOVERY",
} as const satisfies Record<string, Operation>;

const GroupPointInput = builder.inputType("GroupPointInput", {
  description: "A protection group and one of its recovery points.",
  fields: (t) => ({
    groupId: t.id({ required: true, description: "The protection group." }),
    recoveryPointId: t.id({ required: true, description: "One of its complete recovery points." }),
  }),
});

export const RecoveryPointInput = builder.inputType("RecoveryPointInput", {
  description: "Which recovery points a run uses: exactly one of these. (Reference: Recovery Points.)",
  isOneOf: true,
  fields: (t) => ({
    latest: t.boolean({ description: "The newest complete point of each group; true." }),
    pointInTime: t.field({ type: "DateTime", description: "Of each group the newest complete point at or before this moment." }),
    specific: t.field({ type: [GroupPointInput], description: "One point for each group of the plan." }),
  }),
});

/** Ids of the database behind the global ones. */
export function pointOf(choice: typeof RecoveryPointInput.$inferInput | null | undefined): PointChoice | null {
  if (choice === null || choice === undefined) return null;
  const specific = choice.specific?.map(({ groupId, recoveryPointId }, index) => ({
    groupId: idOf("ProtectionGroup", groupId, ["recoveryPoint", "specific", `${index}`, "groupId"]),
    recoveryPointId: idOf("RecoveryPoint", recoveryPointId, ["recoveryPoint", "specific", `${index}`, "recoveryPointId"]),
  }));
  return { ...choice, specific };
}

const StartRecoveryInput = builder.inputType("StartRecoveryInput", {
  description: "Which plan, and how. (Reference: Start Recovery.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    recoveryType: t.field({ type: RecoveryType, required: true, description: "TEST, PLANNED or DISASTER." }),
    syncData: t.boolean({
      description: "Synchronise storage first; true by default. Left out, with a warning, while the protected site is disconnected.",
    }),
    powerOnVms: t.boolean({
      description: "Power the recovered VMs on; true by default. Without it their steps end at their registration.",
    }),
    runScripts: t.boolean({ description: "Run commands; true by default. Without it commands are left out, prompts stay." }),
    recoveryPoint: t.field({
      type: RecoveryPointInput,
      description: "Which recovery points are used; the latest by default, and always for PLANNED.",
    }),
    failurePolicy: t.field({
      type: FailurePolicy,
      description: "What a failure does; by default PAUSE for a planned recovery, CONTINUE for a test and a disaster recovery.",
    }),
    acceptDataLoss: t.boolean({
      description: "PLANNED: what was written since the recovery points may be lost. Needed where syncData is false.",
    }),
    acceptUnfenced: t.boolean({
      description: "DISASTER: the protected site can't be reached, and you make sure that its VMs are off. It is recorded who said so.",
    }),
    notes: t.string({ description: "Kept with the recovery, at most 4,096 characters." }),
    idempotencyKey: t.string(key),
  }),
});

const StartRecoveryPayload = startedPayload("StartRecoveryPayload", "The recovery is requested; a node takes it up at once.");

const CleanupTestInput = builder.inputType("CleanupTestInput", {
  description: "Which test to clean up after. (Reference: Cleanup Test Recovery.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    recoveryId: t.id({ description: "The test; the plan's last one when left out. Another one is CONFLICT." }),
    force: t.boolean({
      description:
        "Needs the role RECOVERY_ADMIN. Failures become warnings: the plan ends READY, and what is left stays listed. False by default.",
    }),
    idempotencyKey: t.string(key),
  }),
});

const CleanupTestPayload = startedPayload("CleanupTestPayload", "The cleanup is requested; a node takes it up at once.");

const AnswerPromptInput = builder.inputType("AnswerPromptInput", {
  description: "The answer to a prompt. (Reference: Answer Prompt.)",
  fields: (t) => ({
    promptId: t.id({ required: true, description: "The open prompt." }),
    answer: t.field({ type: PromptAnswer, required: true, description: "CONTINUE, SKIP the rest of its phase, or ABORT the run." }),
    comment: t.string({ description: "Why, for the record; at most 4,096 characters." }),
    idempotencyKey: t.string(key),
  }),
});

interface Answered {
  readonly promptId: string;
  readonly recoveryId: string;
}

const AnswerPromptPayload = builder.objectRef<Answered>("AnswerPromptPayload").implement({
  description:
    "The answer counts, or waits for a second person (`prompt.firstAnswer`). The run's node takes it up next; the run may still show its old state here.",
  fields: (t) => ({
    prompt: t.field({
      type: PromptRef,
      description: "The prompt.",
      resolve: ({ promptId }, _args, context) => loadPrompt(context, promptId),
    }),
    recovery: t.field({
      type: RecoveryRef,
      description: "Its run.",
      resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
    }),
  }),
});

const CancelRecoveryPayload = controlPayload(
  "CancelRecoveryPayload",
  "The run is told to cancel. Its node takes that up next; the run may still show its old state here. Then it is CANCELLING until running effects have ended.",
);
const PauseRecoveryPayload = controlPayload(
  "PauseRecoveryPayload",
  "The run is told to pause. Its node takes that up next; the run may still show its old state here. Then it starts nothing new, and what runs goes on to its end.",
);
const ResumeRecoveryPayload = controlPayload(
  "ResumeRecoveryPayload",
  "The run is told to go on. Its node takes that up next; the run may still show its old state here.",
);

const CancelRecoveryInput = builder.inputType("CancelRecoveryInput", {
  description: "Which run to cancel. (Reference: Cancel Recovery.)",
  fields: (t) => ({
    recoveryId: t.id({ required: true, description: "The run." }),
    reason: t.string({ description: "Why, for the record; at most 1,024 characters." }),
    idempotencyKey: t.string(key),
  }),
});

const PauseRecoveryInput = builder.inputType("PauseRecoveryInput", {
  description: "Which run to pause.",
  fields: (t) => ({ recoveryId: t.id({ required: true, description: "The run." }), idempotencyKey: t.string(key) }),
});

const ResumeRecoveryInput = builder.inputType("ResumeRecoveryInput", {
  description: "Which run to resume: one that an operator has paused, or one that waits at a pause step.",
  fields: (t) => ({ recoveryId: t.id({ required: true, description: "The run." }), idempotencyKey: t.string(key) }),
});

/** What a run other than a test or its cleanup needs more is asked by the service, which knows the run. */
const authScopes = { role: "OPERATOR" } as const;

builder.mutationFields((t) => ({
  startRecovery: t.field({
    type: StartRecoveryPayload,
    nullable: true,
    authScopes,
    unauthorizedError: (_root, { input }, context) => refusedOperation(starts[input.recoveryType], context),
    errors: {},
    description:
      "Starts a recovery of a plan. PLANNED and DISASTER need the role RECOVERY_ADMIN. CONFLICT while a run of the plan is open, another plan's run uses one of its groups, or another test runs on its pair of sites; PRECONDITION_FAILED for what has to be put right first, such as a missing mapping. (Reference: Start Recovery.)",
    args: { input: t.arg({ type: StartRecoveryInput, required: true, description: "Which plan, and how." }) },
    resolve: (_root, { input }, context) => {
      const { planId, recoveryPoint, ...options } = input;
      const ids = { planId: idOf("RecoveryPlan", planId, ["planId"]), recoveryPoint: pointOf(recoveryPoint) };
      return act(context, (recoveries, viewer) => recoveries.start(viewer, { ...options, ...ids }));
    },
  }),
  cleanupTest: t.field({
    type: CleanupTestPayload,
    nullable: true,
    authScopes,
    unauthorizedError: (_root, { input }, context) => refusedOperation(input.force ? "FORCE_CLEANUP_TEST" : "CLEANUP_TEST", context),
    errors: {},
    description:
      "Removes what a plan's last test made at the recovery site, and audits what is left. Of a plan that is READY it removes what a forced cleanup left. CONFLICT unless there is something to clean up after. (Reference: Cleanup Test Recovery.)",
    args: { input: t.arg({ type: CleanupTestInput, required: true, description: "Which test." }) },
    resolve: (_root, { input }, context) => {
      const { planId, recoveryId, ...options } = input;
      const test = recoveryId === null || recoveryId === undefined ? null : idOf("Recovery", recoveryId, ["recoveryId"]);
      return act(context, (recoveries, viewer) =>
        recoveries.cleanup(viewer, { ...options, planId: idOf("RecoveryPlan", planId, ["planId"]), recoveryId: test }),
      );
    },
  }),
  answerPrompt: t.field({
    type: AnswerPromptPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Answers an open prompt. The first answer wins: a second one is CONFLICT and says who answered, when and how. Where two people have to answer, the first answer waits until another person gives the same one; another answer of theirs is CONFLICT, and whoever answered first may change it. (Reference: Answer Prompt.)",
    args: { input: t.arg({ type: AnswerPromptInput, required: true, description: "The answer." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.answerPrompt(viewer, { ...input, promptId: idOf("Prompt", input.promptId, ["promptId"]) }),
      ),
  }),
  cancelRecovery: t.field({
    type: CancelRecoveryPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Cancels a run: nothing new starts, what cannot be interrupted runs out, what was made stays recorded for the cleanup. A planned recovery whose storage is not promoted yet puts back what it has changed: storage is writable again, and the VMs that it has shut down are powered on, in their start order; the plan is READY then, or RECOVERY_INCOMPLETE when something of that failed. Twice is a success while it is being cancelled; a cleanup, a run that has ended (also by a cancel, but with the idempotency key of that), and a planned run that is being switched to a disaster recovery are CONFLICT. (Reference: Cancel Recovery.)",
    args: { input: t.arg({ type: CancelRecoveryInput, required: true, description: "Which run." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.cancel(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
      ),
  }),
  pauseRecovery: t.field({
    type: PauseRecoveryPayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Pauses a run: what runs goes on to its end, nothing new starts until resumeRecovery. CONFLICT for a cleanup, or a run that has ended or is paused.",
    args: { input: t.arg({ type: PauseRecoveryInput, required: true, description: "Which run." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.pause(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
      ),
  }),
  resumeRecovery: t.field({
    type: ResumeRecoveryPayload,
    nullable: true,
    authScopes,
    errors: {},
    description: "Lets a paused run go on, and ends a pause step before its time. CONFLICT for a run that is not paused.",
    args: { input: t.arg({ type: ResumeRecoveryInput, required: true, description: "Which run." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.resume(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
      ),
  }),
}));
