/** What can be done with recoveries: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { UnauthorizedError } from "../errors.ts";
import { idOf } from "../ids.ts";
import { type Operation, refusedOperation } from "../operations.ts";
import { TaskRef } from "../tasks/types-refs.ts";
import type { Viewer } from "../viewer.ts";
import type { Recoveries, StartedRun } from "./service.ts";
import { FailurePolicy, PromptAnswer } from "./types-enums.ts";
import { PromptRef, RecoveryRef } from "./types-refs.ts";

const key = {
  description:
    "At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT.",
} as const;

const RecoveryType = builder.enumType("RecoveryType", {
  description: "What kind of recovery to start. (Reference: Recovery Types.)",
  values: {
    TEST: { description: "A test in isolation: the protected site is not touched, replication goes on." },
    PLANNED: { description: "Both sites are up: an orderly move without loss of data." },
    DISASTER: { description: "The protected site is lost or being lost." },
  },
});

/** What a start of each type is called among the operations. */
const starts = {
  TEST: "START_TEST",
  PLANNED: "START_PLANNED_RECOVERY",
  DISASTER: "START_DISASTER_RECOVERY",
} as const satisfies Record<string, Operation>;

const StartRecoveryInput = builder.inputType("StartRecoveryInput", {
  description: "Which plan, and how. (Reference: Start Recovery.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan." }),
    recoveryType: t.field({ type: RecoveryType, required: true, description: "TEST, PLANNED or DISASTER; this release runs TEST." }),
    syncData: t.boolean({
      description: "Synchronise storage first; true by default. Left out, with a warning, while the protected site is disconnected.",
    }),
    powerOnVms: t.boolean({
      description: "Power the recovered VMs on; true by default. Without it their steps end at their registration.",
    }),
    runScripts: t.boolean({ description: "Run commands; true by default. Without it commands are left out, prompts stay." }),
    failurePolicy: t.field({ type: FailurePolicy, description: "What a failure does; CONTINUE by default for a test." }),
    notes: t.string({ description: "Kept with the recovery, at most 4,096 characters." }),
    idempotencyKey: t.string(key),
  }),
});

const StartRecoveryPayload = builder.objectRef<StartedRun>("StartRecoveryPayload").implement({
  description: "The recovery is requested; a node takes it up at once.",
  fields: (t) => ({
    recovery: t.field({
      type: RecoveryRef,
      description: "The new run.",
      resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
    }),
    task: t.field({ type: TaskRef, description: "Its task.", resolve: ({ taskId }, _args, context) => loadTask(context, taskId) }),
  }),
});

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

const CleanupTestPayload = builder.objectRef<StartedRun>("CleanupTestPayload").implement({
  description: "The cleanup is requested; a node takes it up at once.",
  fields: (t) => ({
    recovery: t.field({
      type: RecoveryRef,
      description: "The cleanup's run.",
      resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
    }),
    task: t.field({ type: TaskRef, description: "Its task.", resolve: ({ taskId }, _args, context) => loadTask(context, taskId) }),
  }),
});

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

const ControlPayload = (name: string, description: string) =>
  builder.objectRef<{ readonly recoveryId: string }>(name).implement({
    description,
    fields: (t) => ({
      recovery: t.field({
        type: RecoveryRef,
        description: "The run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
    }),
  });

const CancelRecoveryPayload = ControlPayload(
  "CancelRecoveryPayload",
  "The run is told to cancel. Its node takes that up next; the run may still show its old state here. Then it is CANCELLING until running effects have ended.",
);
const PauseRecoveryPayload = ControlPayload(
  "PauseRecoveryPayload",
  "The run is told to pause. Its node takes that up next; the run may still show its old state here. Then it starts nothing new, and what runs goes on to its end.",
);
const ResumeRecoveryPayload = ControlPayload(
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
      const { recoveryType, planId, ...options } = input;
      return act(context, (recoveries, viewer) =>
        recoveries.start(viewer, { ...options, recoveryType, planId: idOf("RecoveryPlan", planId, ["planId"]) }),
      );
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
      "Cancels a run: nothing new starts, what cannot be interrupted runs out, what was made stays recorded for the cleanup. Twice is a success; a cleanup, or a run that has ended, is CONFLICT. (Reference: Cancel Recovery.)",
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

function act<T>(context: Context, work: (recoveries: Recoveries, viewer: Viewer) => Promise<T>): Promise<T> {
  const { viewer, refusal, services } = context;
  if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session.");
  return work(services.recoveries, viewer);
}

async function loadRecovery({ loaders }: Context, id: string) {
  const found = await loaders.recovery.load(id);
  if (!found) throw new Error(`recovery ${id} is gone`);
  return found;
}

async function loadTask({ loaders }: Context, id: string) {
  const found = await loaders.task.load(id);
  if (!found) throw new Error(`task ${id} is gone`);
  return found;
}

async function loadPrompt({ loaders }: Context, id: string) {
  const found = await loaders.prompt.load(id);
  if (!found) throw new Error(`prompt ${id} is gone`);
  return found;
}
