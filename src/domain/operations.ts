/**
 * What may be done with a thing now: each operation, allowed or not, the reason and what to do. Rooms decide it by pure functions over what
 * they have read; the mutation asks the same function while it holds the rows, and refuses with the same error.
 */
import { builder } from "./builder.ts";
import { ErrorCode } from "./error-types.ts";
import { type DomainError, ForbiddenError } from "./errors.ts";
import { type OneOf, refusedFor } from "./root-roles.ts";
import { holds, type Role, type Viewer } from "./viewer.ts";

/** Each with the mutation that does it and the role that it needs, or several of which one will do. */
export const operations = {
  START_TEST: { mutation: "startRecovery", role: "OPERATOR", description: "Start a test recovery." },
  START_PLANNED_RECOVERY: { mutation: "startRecovery", role: "RECOVERY_ADMIN", description: "Start a planned recovery." },
  START_DISASTER_RECOVERY: { mutation: "startRecovery", role: "RECOVERY_ADMIN", description: "Start a disaster recovery." },
  START_PLANNED_FAILOVER: {
    mutation: "startPlannedFailover",
    role: "RECOVERY_ADMIN",
    description: "Move the plan in the direction that it is protected now.",
  },
  START_REPROTECT: { mutation: "startReprotect", role: "RECOVERY_ADMIN", description: "Protect the plan in the other direction." },
  ACCEPT_RECOVERY: { mutation: "acceptRecovery", role: "RECOVERY_ADMIN", description: "Take an incomplete recovery as it is." },
  CLEANUP_TEST: { mutation: "cleanupTest", role: "OPERATOR", description: "Clean up the last test." },
  FORCE_CLEANUP_TEST: {
    mutation: "cleanupTest",
    role: "RECOVERY_ADMIN",
    description: "Clean up the last test with force, whatever can't be removed.",
  },
  CANCEL_RECOVERY: { mutation: "cancelRecovery", role: "OPERATOR", description: "Cancel the run that is under way." },
  PAUSE_RECOVERY: { mutation: "pauseRecovery", role: "OPERATOR", description: "Pause the run that is under way." },
  RESUME_RECOVERY: { mutation: "resumeRecovery", role: "OPERATOR", description: "Let the paused run go on." },
  SWITCH_TO_DISASTER: {
    mutation: "switchToDisaster",
    role: "RECOVERY_ADMIN",
    description: "Go on with the planned recovery that is under way as a disaster recovery.",
  },
  ANSWER_PROMPT: { mutation: "answerPrompt", role: "OPERATOR", description: "Answer the step's prompt." },
  WITHDRAW_PROMPT_ANSWER: {
    mutation: "withdrawPromptAnswer",
    role: "OPERATOR",
    description: "Take back the answer that waits for a second person.",
  },
  RETRY_STEP: { mutation: "retryStep", role: "OPERATOR", description: "Try the failed step again." },
  SKIP_STEP: { mutation: "skipStep", role: "OPERATOR", description: "Let the run go on without the failed step." },
  UPDATE_PLAN: { mutation: "updateRecoveryPlan", role: "EDITOR", description: "Change the plan's name, description and defaults." },
  DELETE_PLAN: { mutation: "deleteRecoveryPlan", role: "EDITOR", description: "Delete the plan." },
  ADD_PROTECTION_GROUP: { mutation: "addProtectionGroupToPlan", role: "EDITOR", description: "Add a protection group to the plan." },
  REMOVE_PROTECTION_GROUP: {
    mutation: "removeProtectionGroupFromPlan",
    role: "EDITOR",
    description: "Take a protection group out of the plan.",
  },
  CONFIGURE_PRIORITY_GROUPS: {
    mutation: "configurePriorityGroups",
    role: ["EDITOR", "SCRIPT_EDITOR"],
    description: "Change names and steps of the plan's priority groups.",
  },
  UPDATE_PROTECTION_GROUP: { mutation: "updateProtectionGroup", role: "EDITOR", description: "Change the group's name and settings." },
  DELETE_PROTECTION_GROUP: { mutation: "deleteProtectionGroup", role: "EDITOR", description: "Delete the group, without force." },
  FORCE_DELETE_PROTECTION_GROUP: {
    mutation: "deleteProtectionGroup",
    role: "EDITOR",
    description: "Delete the group with force, although it has VMs or plans.",
  },
  ADD_PROTECTED_VMS: { mutation: "addProtectedVms", role: "EDITOR", description: "Protect more VMs by the group." },
  REMOVE_PROTECTED_VM: { mutation: "removeProtectedVm", role: "EDITOR", description: "Take the VM out of its protection group." },
  CONFIGURE_VM_RECOVERY_SETTINGS: {
    mutation: "configureVmRecoverySettings",
    role: ["EDITOR", "SCRIPT_EDITOR"],
    description: "Change how the VM is recovered.",
  },
  CONFIGURE_VM_NETWORK_MAPPINGS: {
    mutation: "configureVmNetworkMappings",
    role: "EDITOR",
    description: "Change the networks that the VM is connected to when it is recovered.",
  },
  UPDATE_DRILL: { mutation: "updateDrill", role: "EDITOR", description: "Change the drill, enable or disable it." },
  DELETE_DRILL: { mutation: "deleteDrill", role: "EDITOR", description: "Delete the drill and its history." },
  RUN_DRILL_NOW: { mutation: "runDrillNow", role: "OPERATOR", description: "Start the drill by hand." },
  RESOLVE_SPLIT_BRAIN: {
    mutation: "resolveSplitBrain",
    role: "RECOVERY_ADMIN",
    description: "Decide which is kept: the recovered VM, or its original that runs beside it.",
  },
  CANCEL_TASK: { mutation: "cancelTask", role: ["OPERATOR", "EDITOR"], description: "Cancel the task." },
} as const satisfies Record<string, { readonly mutation: string; readonly role: Role | readonly Role[]; readonly description: string }>;
export type Operation = keyof typeof operations;

const isOperation = (name: string): name is Operation => name in operations;
const names = Object.keys(operations).filter(isOperation);

/** What stands in the way of each; null: nothing does. */
export type Refusals<Some extends Operation = Operation> = Readonly<Record<Some, DomainError | null>>;

interface AllowedOperation {
  readonly operation: Operation;
  readonly refusal: DomainError | null;
}

const OperationName = builder.enumType("Operation", {
  description: "Something that can be done. Expect operations that are added later.",
  values: Object.fromEntries(
    names.map((name) => [name, { value: name, description: `${operations[name].description} By ${operations[name].mutation}.` }]),
  ),
});

export const AllowedOperationRef = builder.objectRef<AllowedOperation>("AllowedOperation").implement({
  description: "Whether something may be done now by whoever asks; the mutation decides the same way. (Reference: State Validation.)",
  fields: (t) => ({
    operation: t.expose("operation", { type: OperationName, description: "What would be done." }),
    mutation: t.string({ description: "Name of the mutation that does it.", resolve: ({ operation }) => operations[operation].mutation }),
    allowed: t.boolean({ description: "It may be done now.", resolve: ({ refusal }) => refusal === null }),
    code: t.field({
      type: ErrorCode,
      nullable: true,
      description: "Code of the error that the mutation would answer; null: it is allowed.",
      resolve: ({ refusal }) => refusal?.code ?? null,
    }),
    reason: t.string({
      nullable: true,
      description: "Why it may not, as the mutation's error says it; null: it may.",
      resolve: ({ refusal }) => refusal?.message ?? null,
    }),
    remedy: t.string({
      nullable: true,
      description: "What to do, as the mutation's error says it; null: it is allowed.",
      resolve: ({ refusal }) => refusal?.remedy ?? null,
    }),
  }),
});

/** The role that an operation asks for, or its alternatives. */
function neededFor(operation: Operation): OneOf {
  const { role } = operations[operation];
  return typeof role === "string" ? [role] : role;
}

/**
 * For a mutation that does one of several operations, by its input: whoever may do none of them is told the role of the one that is asked
 * for, as `allowedOperations` tells it, and not the least role that the mutation lets in.
 */
export const refusedOperation = (operation: Operation, context: Parameters<typeof refusedFor>[0]): DomainError =>
  refusedFor(context, neededFor(operation));

/** In the order of `operations`. A missing role stands before all else, as it does in the mutation. */
export function allowedOperations(refusals: Partial<Refusals>, viewer: Viewer | null): AllowedOperation[] {
  return names.flatMap((operation) => {
    const refusal = refusals[operation];
    if (refusal === undefined) return [];
    const needed = neededFor(operation);
    const may = viewer !== null && needed.some((role) => holds(viewer, role));
    return [{ operation, refusal: may ? refusal : new ForbiddenError(...needed) }];
  });
}
