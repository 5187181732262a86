/** What can be done with plans: ids are looked at here, everything else is decided in the service. */
import { builder } from "../builder.ts";
import { checkId, type FieldErrors, fieldErrors, type Path } from "../field-errors.ts";
import { encodeId, idOf } from "../ids.ts";
import { actor } from "../mutation-parts.ts";
import type { ChangedPlan } from "./create.ts";
import type { PriorityGroupWish } from "./priority-groups.ts";
import type { StepWish } from "./steps.ts";
import {
  AddProtectionGroupToPlanInput,
  ConfigurePriorityGroupsInput,
  CreateRecoveryPlanInput,
  DeleteRecoveryPlanInput,
  RemoveProtectionGroupFromPlanInput,
  UpdateRecoveryPlanInput,
} from "./types-inputs.ts";
import { RecoveryPlanRef } from "./types-refs.ts";

const payload = (name: string, description: string) =>
  builder.objectRef<ChangedPlan>(name).implement({
    description,
    fields: (t) => ({
      recoveryPlan: t.field({
        type: RecoveryPlanRef,
        nullable: true,
        description: "The plan as it is now; null: somebody has deleted it since.",
        resolve: ({ planId }, _args, { loaders }) => loaders.plan.load(planId),
      }),
    }),
  });

const CreatePayload = payload("CreateRecoveryPlanPayload", "The plan is made.");
const UpdatePayload = payload("UpdateRecoveryPlanPayload", "The plan is changed.");
const AddPayload = payload("AddProtectionGroupToPlanPayload", "The plan has the protection group.");
const RemovePayload = payload("RemoveProtectionGroupFromPlanPayload", "The plan no longer has the protection group.");
const ConfigurePayload = payload("ConfigurePriorityGroupsPayload", "The priority groups are changed.");
const DeletePayload = builder.objectRef<ChangedPlan>("DeleteRecoveryPlanPayload").implement({
  description: "The plan is deleted, and its drills with it. Its runs stay, with its name.",
  fields: (t) => ({
    deletedPlanId: t.id({
      description: "The global id that it had.",
      resolve: ({ planId }) => encodeId("RecoveryPlan", planId),
    }),
  }),
});

type PlanInput = typeof ConfigurePriorityGroupsInput.$inferInput;
type StepInput = NonNullable<PlanInput["priorityGroups"][number]["prePowerOnSteps"]>[number];

const authScopes = { role: "EDITOR" } as const;
const planIdOf = (planId: string) => idOf("RecoveryPlan", planId, ["planId"]);
const groupIdOf = (groupId: string) => idOf("ProtectionGroup", groupId, ["protectionGroupId"]);
const inUse = "CONFLICT while a run of the plan is open, with the run";

builder.mutationFields((t) => ({
  createRecoveryPlan: t.field({
    type: CreatePayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Makes a recovery plan. CONFLICT when there would be too many plans of a site or protection groups of a plan, with the limit, and for a protection group that is being made or deleted; VMs that would wait for each other for ever, or get one address twice, are a field error. (Reference: Create Recovery Plan.)",
    args: { input: t.arg({ type: CreateRecoveryPlanInput, required: true, description: "The plan." }) },
    resolve: (_root, { input }, context) => {
      const errors = fieldErrors();
      const pairingId = typeof input.pairingId === "string" ? checkId(errors, ["pairingId"], "SitePairing", input.pairingId) : null;
      const protectionGroups = input.protectionGroups.map((group, at) => ({
        ...group,
        protectionGroupId: checkId(errors, ["protectionGroups", at, "protectionGroupId"], "ProtectionGroup", group.protectionGroupId),
      }));
      errors.check();
      return context.services.plans.create(actor(context), { ...input, pairingId, protectionGroups });
    },
  }),
  updateRecoveryPlan: t.field({
    type: UpdatePayload,
    nullable: true,
    authScopes,
    errors: {},
    description: `Changes a plan's name, description, defaults and RTO target. ${inUse}. (Reference: Update Recovery Plan.)`,
    args: { input: t.arg({ type: UpdateRecoveryPlanInput, required: true, description: "What to change." }) },
    resolve: (_root, { input }, context) => context.services.plans.update(actor(context), { ...input, planId: planIdOf(input.planId) }),
  }),
  deleteRecoveryPlan: t.field({
    type: DeletePayload,
    nullable: true,
    authScopes,
    errors: {},
    description: `Deletes a plan and its drills. ${inUse}; CONFLICT unless its lifecycle is READY or RECOVERY_COMPLETE, while VMs of it are recovered and not reprotected, and while something that a forced cleanup left is still there. (Reference: Delete Recovery Plan.)`,
    args: { input: t.arg({ type: DeleteRecoveryPlanInput, required: true, description: "Which plan." }) },
    resolve: (_root, { input }, context) => context.services.plans.remove(actor(context), { ...input, planId: planIdOf(input.planId) }),
  }),
  addProtectionGroupToPlan: t.field({
    type: AddPayload,
    nullable: true,
    authScopes,
    errors: {},
    description: `Adds a protection group to a plan. ${inUse}; CONFLICT with the limit when the plan has as many as it may, and for a protection group that is being made or deleted. VMs that would wait for each other for ever, or get one address twice, are a field error. (Reference: Add Protection Group to Recovery Plan.)`,
    args: { input: t.arg({ type: AddProtectionGroupToPlanInput, required: true, description: "Which group, where." }) },
    resolve: (_root, { input }, context) =>
      context.services.plans.addGroup(actor(context), {
        ...input,
        planId: planIdOf(input.planId),
        protectionGroupId: groupIdOf(input.protectionGroupId),
      }),
  }),
  removeProtectionGroupFromPlan: t.field({
    type: RemovePayload,
    nullable: true,
    authScopes,
    errors: {},
    description: `Takes a protection group out of a plan. A priority group whose last one it was goes too, with its steps; where commands are among them, it needs the role SCRIPT_EDITOR too. ${inUse}; CONFLICT unless the plan's lifecycle is READY, since nothing else would clean the group up or reprotect it.`,
    args: { input: t.arg({ type: RemoveProtectionGroupFromPlanInput, required: true, description: "Which group, whence." }) },
    resolve: (_root, { input }, context) =>
      context.services.plans.removeGroup(actor(context), {
        ...input,
        planId: planIdOf(input.planId),
        protectionGroupId: groupIdOf(input.protectionGroupId),
      }),
  }),
  configurePriorityGroups: t.field({
    type: ConfigurePayload,
    nullable: true,
    authScopes: { anyRole: ["EDITOR", "SCRIPT_EDITOR"] },
    errors: {},
    description: `Changes names and steps of a plan's priority groups. Whatever adds, changes, reorders or removes COMMAND steps needs SCRIPT_EDITOR, everything else EDITOR; a request that leaves commands as they are needs EDITOR alone, and one that changes nothing else SCRIPT_EDITOR alone. ${inUse}. (Reference: Configure Recovery Priority Groups.)`,
    args: { input: t.arg({ type: ConfigurePriorityGroupsInput, required: true, description: "Which priority groups, and how." }) },
    resolve: (_root, { input }, context) => {
      const errors = fieldErrors();
      const planId = checkId(errors, ["planId"], "RecoveryPlan", input.planId);
      const priorityGroups = input.priorityGroups.map(
        ({ prePowerOnSteps, postPowerOnSteps, ...group }, at): PriorityGroupWish => ({
          ...group,
          prePowerOnSteps: prePowerOnSteps && stepsOf(errors, ["priorityGroups", at, "prePowerOnSteps"], prePowerOnSteps),
          postPowerOnSteps: postPowerOnSteps && stepsOf(errors, ["priorityGroups", at, "postPowerOnSteps"], postPowerOnSteps),
        }),
      );
      errors.check();
      return context.services.plans.configurePriorityGroups(actor(context), { ...input, planId, priorityGroups });
    },
  }),
}));

const stepsOf = (errors: FieldErrors, path: Path, steps: readonly StepInput[]): StepWish[] =>
  steps.flatMap(({ command, prompt, pause }, at): StepWish[] => {
    if (command) return [{ ...command, type: "COMMAND", id: stepId(errors, [...path, at, "command"], "CommandStep", command.id) }];
    if (prompt) return [{ ...prompt, type: "PROMPT", id: stepId(errors, [...path, at, "prompt"], "PromptStep", prompt.id) }];
    return pause ? [{ ...pause, type: "PAUSE", id: stepId(errors, [...path, at, "pause"], "PauseStep", pause.id) }] : [];
  });

const stepId = (errors: FieldErrors, path: Path, type: "CommandStep" | "PromptStep" | "PauseStep", id: string | null | undefined) =>
  typeof id === "string" ? checkId(errors, [...path, "id"], type, id) : null;
