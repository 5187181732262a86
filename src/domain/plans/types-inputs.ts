/** What the mutations of plans take. */
import { builder } from "../builder.ts";
import { VmPriority } from "../inventory/types-enums.ts";
import { expectedVersion, keyField } from "../mutation-parts.ts";
import { PromptAnswer } from "../recoveries/types/enums.ts";
import { SiteRole } from "./types-enums.ts";

const RecoveryPriorityGroupInput = builder.inputType("RecoveryPriorityGroupInput", {
  description: "The priority group that a protection group is in. (Reference: recovery_priority_group.)",
  fields: (t) => ({
    priority: t.int({ required: true, description: "1 to 100; lower ones come up first, gaps are allowed." }),
    name: t.string({
      description:
        "What it is called, 1 to 255 characters. Needed for a priority that the plan does not have yet; for one that it has, left out or the same: another name is a field error.",
    }),
  }),
});

const PlanProtectionGroupInput = builder.inputType("PlanProtectionGroupInput", {
  description: "A protection group of a plan, and when it comes up. (Reference: protection_groups.)",
  fields: (t) => ({
    protectionGroupId: t.id({ required: true, description: "The protection group, each once." }),
    recoveryPriorityGroup: t.field({
      type: RecoveryPriorityGroupInput,
      required: true,
      description: "The priority group that it is in; groups of one priority come up together.",
    }),
  }),
});

const PlanRecoverySettingsInput = builder.inputType("PlanRecoverySettingsInput", {
  description: "What holds for VMs that say nothing themselves. (Reference: recovery_settings.)",
  fields: (t) => ({
    defaultVmPriority: t.field({ type: VmPriority, description: "Priority; null: NORMAL." }),
    defaultStartupDelaySeconds: t.int({ description: "Startup delay in seconds, 0 to 604,800; null: 0." }),
    defaultShutdownDelaySeconds: t.int({ description: "Shutdown delay in seconds, 0 to 604,800; null: 300." }),
  }),
});

export const CreateRecoveryPlanInput = builder.inputType("CreateRecoveryPlanInput", {
  description: "The plan to make. (Reference: Create Recovery Plan.)",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: "1 to 255 characters, unique among plans without regard to case; spaces around it are left out.",
    }),
    description: t.string({ description: "What it is, at most 4,096 characters." }),
    pairingId: t.id({
      description:
        "The pair of sites that it belongs to. Left out: that of the first protection group; it has to be given for a plan without any.",
    }),
    protectionGroups: t.field({
      type: [PlanProtectionGroupInput],
      required: true,
      description: "Its protection groups, all of one pair of sites; an empty list makes an empty plan.",
    }),
    recoverySettings: t.field({
      type: PlanRecoverySettingsInput,
      description: "Defaults for its VMs; what is left out has the product's: NORMAL, 0 and 300 seconds.",
    }),
    rtoTargetSeconds: t.int({
      description: "So long at most may a recovery take, in seconds, 1 to 31,536,000; left out: it is not judged.",
    }),
    idempotencyKey: t.string(keyField),
  }),
});

export const UpdateRecoveryPlanInput = builder.inputType("UpdateRecoveryPlanInput", {
  description: "What to change of a plan: a field that is left out stays as it is. (Reference: Update Recovery Plan.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The plan." }),
    name: t.string({ description: "1 to 255 characters, unique among plans without regard to case; null is a field error." }),
    description: t.string({ description: "What it is, at most 4,096 characters; null: nothing." }),
    recoverySettings: t.field({
      type: PlanRecoverySettingsInput,
      description: "Defaults for its VMs, of which those left out stay; null: the product's, NORMAL, 0 and 300 seconds.",
    }),
    rtoTargetSeconds: t.int({
      description: "So long at most may a recovery take, in seconds, 1 to 31,536,000; null: it is not judged.",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const DeleteRecoveryPlanInput = builder.inputType("DeleteRecoveryPlanInput", {
  description: "Which plan to delete. (Reference: Delete Recovery Plan.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The plan." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const AddProtectionGroupToPlanInput = builder.inputType("AddProtectionGroupToPlanInput", {
  description: "Which protection group comes into which plan. (Reference: Add Protection Group to Recovery Plan.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The plan." }),
    protectionGroupId: t.id({ required: true, description: "The protection group, of the plan's pair of sites." }),
    recoveryPriorityGroup: t.field({
      type: RecoveryPriorityGroupInput,
      required: true,
      description: "The priority group that it is in.",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const RemoveProtectionGroupFromPlanInput = builder.inputType("RemoveProtectionGroupFromPlanInput", {
  description: "Which protection group leaves which plan.",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The plan." }),
    protectionGroupId: t.id({ required: true, description: "A protection group of the plan." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

const stepId = {
  description:
    "The step of this priority group that this one becomes. Left out: the one of its type and name in its phase, else a new one.",
} as const;

const CommandStepInput = builder.inputType("CommandStepInput", {
  description:
    "A step that runs a program at a site. (Reference: step type command.) Its form is checked here. When it runs, the program has to be there: a file that resolves, after links, into the scripts folder of the site's gateway, is executable and names its interpreter; else the step fails.",
  fields: (t) => ({
    id: t.id(stepId),
    name: t.string({ required: true, description: "What it is called, 1 to 255 characters." }),
    command: t.string({
      required: true,
      description:
        "The program, 1 to 4,096 characters, by its path in the scripts folder; a leading /scripts/ stands for that folder. No shell reads it.",
    }),
    arguments: t.stringList({ description: "At most 256, each of at most 4,096 characters, handed over as they are; none by default." }),
    timeoutSeconds: t.int({ description: "After so many seconds it is ended, and has failed; 1 to 86,400, 300 by default." }),
    runOnSite: t.field({ type: SiteRole, description: "Where it runs; RECOVERY by default." }),
    continueOnFailure: t.boolean({ description: "Its failure is a warning; false by default." }),
    runInTest: t.boolean({ description: "At the protected site: it runs in tests too; false by default." }),
    rerunnable: t.boolean({ description: "It may be run again when nobody knows how it ended; false by default." }),
  }),
});

const PromptStepInput = builder.inputType("PromptStepInput", {
  description: "A step that asks a person, and waits. (Reference: step type prompt.)",
  fields: (t) => ({
    id: t.id(stepId),
    name: t.string({ required: true, description: "What it is called, 1 to 255 characters." }),
    message: t.string({ required: true, description: "The question, 1 to 4,096 characters." }),
    timeoutSeconds: t.int({
      description:
        "After so many seconds the default answer is given; 1 to 604,800, together with defaultAnswer. Left out: it waits for ever.",
    }),
    defaultAnswer: t.field({ type: PromptAnswer, description: "The answer that is given then; together with timeoutSeconds." }),
    needsTwoPeople: t.boolean({
      description: "An answer counts once a second person has given the same one; false by default.",
    }),
  }),
});

const PauseStepInput = builder.inputType("PauseStepInput", {
  description: "A step that waits. (Reference: step type pause.)",
  fields: (t) => ({
    id: t.id(stepId),
    name: t.string({ required: true, description: "What it is called, 1 to 255 characters." }),
    durationSeconds: t.int({ description: "How long, in seconds, 1 to 86,400; left out: until somebody resumes the run." }),
  }),
});

const PlanStepInput = builder.inputType("PlanStepInput", {
  isOneOf: true,
  description: "A step of one of the types. (Reference: Step Types.)",
  fields: (t) => ({
    command: t.field({
      type: CommandStepInput,
      description: "It runs a program. Needs the role SCRIPT_EDITOR, unless it is there as it is.",
    }),
    prompt: t.field({ type: PromptStepInput, description: "It asks a person." }),
    pause: t.field({ type: PauseStepInput, description: "It waits." }),
  }),
});

const steps = (when: string) =>
  `Steps ${when}, in order, at most 100, in place of those that are there. Left out or null: they stay; an empty list: none.`;

const PriorityGroupInput = builder.inputType("PriorityGroupInput", {
  description: "A priority group of the plan, and what becomes of it. (Reference: priority_groups.)",
  fields: (t) => ({
    priority: t.int({ required: true, description: "Which one: the plan has to have it, and the request names it once." }),
    name: t.string({ description: "What it is called from now on, 1 to 255 characters. Left out or null: as before." }),
    prePowerOnSteps: t.field({ type: [PlanStepInput], description: steps("before its VMs are powered on") }),
    postPowerOnSteps: t.field({ type: [PlanStepInput], description: steps("after its VMs are ready") }),
  }),
});

export const ConfigurePriorityGroupsInput = builder.inputType("ConfigurePriorityGroupsInput", {
  description: "Names and steps of priority groups. (Reference: Configure Recovery Priority Groups.)",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The plan." }),
    priorityGroups: t.field({
      type: [PriorityGroupInput],
      required: true,
      description: "Those that change; the plan's others stay as they are.",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});
