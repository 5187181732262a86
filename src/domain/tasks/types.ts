/** Tasks: work that goes on behind a mutation. (Reference: Tasks and Async Operations.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { AllowedOperationRef, allowedOperations } from "../operations.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { ProtectionGroupRef } from "../protection/types-refs.ts";
import { StepState } from "../recoveries/types/enums.ts";
import { RunWarning, warningsOf } from "../recoveries/types/recovery.ts";
import { RecoveryRef, type StepRow } from "../recoveries/types/refs.ts";
import { secondsOf, stateOf, treeOf } from "../recoveries/types/step.ts";
import { cancelTaskRefusal } from "./refusals.ts";
import { TaskRef } from "./types-refs.ts";

export const TaskType = builder.enumType("TaskType", {
  description: "What a task does. (Reference: Task Types.)",
  values: {
    RECOVERY: { description: "A test or a disaster recovery (reference: recovery)." },
    CLEANUP: { description: "A test's cleanup (reference: cleanup)." },
    REPROTECT: { description: "A reprotect (reference: reprotect)." },
    PLANNED_FAILOVER: { description: "A planned recovery (reference: planned_failover)." },
    PROTECTION_GROUP_CREATE: { description: "A protection group is made." },
    PROTECTION_GROUP_DELETE: { description: "A protection group is deleted." },
  } as const,
});

export const TaskState = builder.enumType("TaskState", {
  description: "How far a task is. (Reference: Task States.)",
  values: {
    QUEUED: { description: "It has not started." },
    RUNNING: { description: "It is under way." },
    COMPLETED: { description: "It is done." },
    FAILED: { description: "It failed; see the errors." },
    CANCELLED: { description: "Somebody cancelled it." },
  } as const,
});

const TaskStep = builder.objectRef<StepRow>("TaskStep").implement({
  description: "A step of a task: one at the top of its run's tree. (Reference: steps.)",
  fields: (t) => ({
    stepNumber: t.int({ description: "Its number, from 1.", resolve: ({ path }) => Number(path) }),
    name: t.string({ description: "What it is called.", resolve: ({ name }) => name }),
    state: t.field({ type: StepState, description: "How far it is.", resolve: ({ status }) => stateOf(status) }),
    progressPercent: t.int({
      description: "0 to 100.",
      resolve: async (step, _args, context) => (await treeOf(step.runId, context)).progress(step),
    }),
    durationSeconds: t.int({ nullable: true, description: "How long it took, in seconds; null before its end.", resolve: secondsOf }),
  }),
});

const TaskTarget = builder.unionType("TaskTarget", {
  description: "What a task works on. Expect types that are added later.",
  types: [RecoveryPlanRef, ProtectionGroupRef],
  resolveType: (target) => ("lifecycle" in target ? RecoveryPlanRef : ProtectionGroupRef),
});

builder.node(TaskRef, {
  description: "Work that goes on behind a mutation. (Reference: List Tasks, Get Task Details.)",
  id: { resolve: ({ id }) => id, description: "Global id of the task (reference: task_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.task.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it is called, for people." }),
    type: t.expose("type", { type: TaskType, description: "What it does." }),
    state: t.expose("state", { type: TaskState, description: "How far it is." }),
    progressPercent: t.exposeInt("progressPercent", { description: "0 to 100." }),
    currentStep: t.exposeString("currentStep", { nullable: true, description: "What it does now, for people." }),
    startTime: t.expose("startedAt", { type: "DateTime", description: "When it was asked for." }),
    endTime: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it ended; null before." }),
    initiatedBy: t.exposeString("initiatedBy", { description: "Who asked for it." }),
    errors: t.exposeStringList("errors", { description: "What went wrong." }),
    warnings: t.field({
      type: [RunWarning],
      description: "What somebody should look at.",
      resolve: ({ warnings }) => warningsOf(warnings),
    }),
    target: t.field({
      type: TaskTarget,
      nullable: true,
      description: "What it works on; null: it is no more. (Reference: target_id, target_type.)",
      resolve: ({ targetId, targetType }, _args, { loaders }) =>
        targetType === "RECOVERY_PLAN" ? loaders.plan.load(targetId) : loaders.group.load(targetId),
    }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that it stands for; null: it is no run.",
      resolve: ({ recoveryId }, _args, { loaders }) => (recoveryId === null ? null : loaders.recovery.load(recoveryId)),
    }),
    allowedOperations: t.field({
      type: [AllowedOperationRef],
      description: "Whether whoever asks may cancel it now, and why not. (Reference: State Validation.)",
      resolve: async ({ id }, _args, { loaders, viewer }) => {
        const facts = await loaders.taskFacts.load(id);
        return facts === null || viewer === null ? [] : allowedOperations({ CANCEL_TASK: cancelTaskRefusal(facts, viewer) }, viewer);
      },
    }),
    steps: t.field({
      type: [TaskStep],
      description: "Its steps, in order; empty before they are made.",
      resolve: async ({ recoveryId }, _args, context) => (recoveryId === null ? [] : (await treeOf(recoveryId, context)).children(null)),
    }),
  }),
});
