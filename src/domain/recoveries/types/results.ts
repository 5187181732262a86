/** A run by priority groups and VMs, as the reference reports it. (Reference: Get Recovery History Details.) */
import { builder } from "../../builder.ts";
import type { Context } from "../../context.ts";
import { computed, manyVms } from "../../cost.ts";
import { PowerState } from "../../inventory/types-enums.ts";
import { VirtualMachineRef } from "../../inventory/types-vm.ts";
import { StepResult, StepState } from "./enums.ts";
import { RecoveryRef, RecoveryStepRef, type StepRow } from "./refs.ts";
import type { RunTree } from "./run-tree.ts";
import { dateOf, resultOf, stateOf, treeOf } from "./step.ts";

/** A container of a run's tree. */
export interface Part {
  readonly step: StepRow;
  readonly tree: RunTree;
}

type Power = "POWERED_ON" | "POWERED_OFF" | "SUSPENDED" | "UNKNOWN";
const isPower = (value: unknown): value is Power =>
  value === "POWERED_ON" || value === "POWERED_OFF" || value === "SUSPENDED" || value === "UNKNOWN";
const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);

/** The newest value that the VM's steps have found out. */
async function found({ step, tree }: Part, name: "vmId" | "powerState" | "ipAddress", { loaders }: Context): Promise<unknown> {
  const mine = new Set(tree.subtree(step).map(({ ordinal }) => ordinal));
  const results = await loaders.resultsOfRun.load(step.runId);
  return results.findLast(({ ordinal, result }) => mine.has(ordinal) && (result[name] ?? null) !== null)?.result[name] ?? null;
}

export const VmRecovery = builder.objectRef<Part>("VmRecovery").implement({
  description: "One VM in a run. (Reference: vm_recoveries.)",
  fields: (t) => ({
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM (reference: vm_id); null: it is no more.",
      resolve: ({ step: { vmId } }, _args, { loaders }) => (vmId === null ? null : loaders.vm.load(vmId)),
    }),
    vmName: t.string({ description: "Its name in the plan when the run started.", resolve: ({ step }) => nameInPlan(step.name) }),
    state: t.field({ type: StepState, description: "How far it is.", resolve: ({ step }) => stateOf(step.status) }),
    resultState: t.field({
      type: StepResult,
      nullable: true,
      description: "How it went; null before its end.",
      resolve: ({ step }) => resultOf(step.status),
    }),
    recoveryVmId: t.string({
      nullable: true,
      description: "The provider's own id of the recovered VM; null before it is registered.",
      cost: computed,
      resolve: async (part, _args, context) => textOrNull(await found(part, "vmId", context)),
    }),
    powerState: t.field({
      type: PowerState,
      nullable: true,
      description: "Its power when its readiness was checked; null before.",
      cost: computed,
      resolve: async (part, _args, context) => {
        const state = await found(part, "powerState", context);
        return isPower(state) ? state : null;
      },
    }),
    ipAddress: t.string({
      nullable: true,
      description: "Its first address when its readiness was checked.",
      cost: computed,
      resolve: async (part, _args, context) => textOrNull(await found(part, "ipAddress", context)),
    }),
    startTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its first step started.",
      resolve: ({ step }) => dateOf(step.startedAt),
    }),
    endTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its last step ended.",
      resolve: ({ step }) => dateOf(step.endedAt),
    }),
    errors: t.stringList({
      description: "What went wrong with it.",
      resolve: ({ step, tree }) => tree.subtree(step).flatMap(({ errors }) => errors),
    }),
    warnings: t.stringList({
      description: "What somebody should look at.",
      resolve: ({ step, tree }) => tree.subtree(step).flatMap(({ warnings }) => warnings),
    }),
    step: t.field({ type: RecoveryStepRef, description: "Its step in the run's tree.", resolve: ({ step }) => step }),
  }),
});

/** The step of a group is called "Priority group 1: Database Tier", or "Priority group 1" where the group has no name. */
const nameInPlan = (stepName: string): string => stepName.replace(/^Priority group \d+(: |$)/, "");

const RecoveryPriorityGroup = builder.objectRef<Part>("RecoveryPriorityGroup").implement({
  description: "A priority group in a run. (Reference: recovery_priority_groups.)",
  fields: (t) => ({
    priority: t.int({ description: "Its priority, 1 to 100.", resolve: ({ step }) => Number(step.key.split(":")[1] ?? 0) }),
    name: t.string({ description: "Its name in the plan when the run started.", resolve: ({ step }) => nameInPlan(step.name) }),
    state: t.field({ type: StepState, description: "How far it is.", resolve: ({ step }) => stateOf(step.status) }),
    resultState: t.field({
      type: StepResult,
      nullable: true,
      description: "How it went; null before its end.",
      resolve: ({ step }) => resultOf(step.status),
    }),
    startTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its first step started.",
      resolve: ({ step }) => dateOf(step.startedAt),
    }),
    endTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When its last step ended.",
      resolve: ({ step }) => dateOf(step.endedAt),
    }),
    vmRecoveries: t.field({
      type: [VmRecovery],
      description: "Its VMs, in the order of the tree.",
      cost: manyVms,
      resolve: ({ step, tree }) => partsOf(tree, step.ordinal, "VM"),
    }),
    stepResults: t.field({
      type: [RecoveryStepRef],
      description: "Its own commands, prompts and pauses.",
      resolve: ({ step, tree }) => tree.children(step.ordinal).filter(({ planStepId }) => planStepId !== null),
    }),
    step: t.field({ type: RecoveryStepRef, description: "Its step in the run's tree.", resolve: ({ step }) => step }),
  }),
});

export const partsOf = (tree: RunTree, parent: number | null, kind: "VM" | "PRIORITY_GROUP"): Part[] =>
  tree
    .children(parent)
    .filter((step) => step.kind === kind)
    .map((step) => ({ step, tree }));

builder.objectFields(RecoveryRef, (t) => ({
  priorityGroups: t.field({
    type: [RecoveryPriorityGroup],
    description: "The run by priority groups; empty for a cleanup. (Reference: recovery_priority_groups.)",
    resolve: async ({ id }, _args, context) => partsOf(await treeOf(id, context), null, "PRIORITY_GROUP"),
  }),
  currentPriorityGroup: t.field({
    type: RecoveryPriorityGroup,
    nullable: true,
    description: "The first priority group that is not over; null: all are, or there is none.",
    resolve: async ({ id }, _args, context) =>
      partsOf(await treeOf(id, context), null, "PRIORITY_GROUP").find(({ step }) => resultOf(step.status) === null) ?? null,
  }),
}));
