/** What may be done with a group and its VMs: decided here for `allowedOperations` and for the mutations alike. Pure. */
import { ConflictError, type DomainError, PreconditionFailedError } from "../errors.ts";
import { listed } from "../listed.ts";
import type { Refusals } from "../operations.ts";
import { leftOpen } from "../recoveries/service/open-runs.ts";
import type { GroupFacts } from "./loaders-facts.ts";

type GroupOperation = "UPDATE_PROTECTION_GROUP" | "DELETE_PROTECTION_GROUP" | "FORCE_DELETE_PROTECTION_GROUP" | "ADD_PROTECTED_VMS";

export function groupRefusals(group: GroupFacts): Refusals<GroupOperation> {
  const used = useOf(group);
  const settled = used ?? recovered(group);
  return {
    UPDATE_PROTECTION_GROUP: used,
    DELETE_PROTECTION_GROUP: settled ?? inhabited(group) ?? awayForDeletion(group),
    FORCE_DELETE_PROTECTION_GROUP: settled,
    ADD_PROTECTED_VMS: settled ?? failed(group) ?? disconnected(group, "protected") ?? disconnected(group, "recovery"),
  };
}

/** `group` null: the VM is in none. `dependents`: names of the VMs that depend on it. */
export function removalRefusal(vmName: string, dependents: readonly string[], group: GroupFacts | null): DomainError | null {
  if (group === null) return notProtected(vmName);
  if (dependents.length === 0) return useOf(group) ?? recovered(group) ?? failed(group) ?? disconnected(group, "recovery");
  const message = `${vmName} can't be removed while others depend on it: ${listed(dependents)}.`;
  return useOf(group) ?? recovered(group) ?? new ConflictError(message, "Take it out of their recovery settings (dependsOnVms) first.");
}

export const notProtected = (vmName: string): ConflictError =>
  new ConflictError(`${vmName} is in no protection group.`, "There is nothing to remove it from.");

/** Other datastores mean other VMs: only for a group that no plan counts on. */
export function storageRefusal(group: GroupFacts): DomainError | null {
  const refusal = useOf(group) ?? recovered(group) ?? failed(group);
  if (refusal !== null) return refusal;
  if (group.planNames.length === 0) return disconnected(group, "protected") ?? disconnected(group, "recovery");
  const message = `The storage groups of ${group.name} can't be changed while it is part of recovery plans: ${listed(group.planNames)}.`;
  return new ConflictError(message, "Take the group out of its plans first.", { planName: group.planNames[0] ?? "" });
}

const doing = {
  GROUP_CREATE: ["created", "Wait until it is, or cancel its task (cancelTask)."],
  GROUP_UPDATE: ["changed", "Wait until that has ended."],
  GROUP_DELETE: ["deleted", "Wait until it is; a deletion that began can't be cancelled."],
} as const;

/** A run has the group, or its state says that one should. */
function useOf(group: GroupFacts): ConflictError | null {
  const { name, state, runId, runKind, runOpen, runPlanId, runPlanName, runPlanLifecycle, taskId } = group;
  if (runId === null || runKind === null)
    return working.has(state) ? new ConflictError(`The protection group ${name} is ${state}.`, "Wait until that has ended.") : null;
  const task = taskId === null ? {} : { activeTaskId: taskId };
  if (runKind === "GROUP_CREATE" || runKind === "GROUP_UPDATE" || runKind === "GROUP_DELETE") {
    const [done, remedy] = doing[runKind];
    return new ConflictError(`The protection group ${name} is being ${done}.`, remedy, task);
  }
  const planName = runPlanName ?? "";
  const plan = {
    planName,
    ...(runPlanId === null ? {} : { planId: runPlanId }),
    ...(runPlanLifecycle === null ? {} : { lifecycle: runPlanLifecycle }),
  };
  const message = `The protection group ${name} is in use by`;
  if (runOpen) {
    const details = { ...plan, ...task, activeRecoveryId: runId };
    return new ConflictError(`${message} a run of the plan ${planName}.`, "Wait until that run has ended, or cancel it.", details);
  }
  const { what, remedy } = leftOpen({ kind: runKind, planName });
  return new ConflictError(`${message} ${what}.`, remedy, plan);
}

const working: ReadonlySet<string> = new Set(["CONFIGURING", "TESTING", "RECOVERING", "REPROTECTING", "DELETING"]);

function recovered({ name, state }: GroupFacts): ConflictError | null {
  if (state !== "RECOVERED" && state !== "PARTIALLY_RECOVERED") return null;
  return new ConflictError(`The protection group ${name} has been recovered.`, "Reprotect the plan that recovered it first.");
}

function failed({ name, state, faultMessage }: GroupFacts): ConflictError | null {
  if (state !== "ERROR") return null;
  const why = faultMessage === null ? "." : `: ${faultMessage}`;
  return new ConflictError(`The protection group ${name} is in ERROR${why}`, "Delete the group with force, and make it again.");
}

function inhabited({ name, vmCount, vmNames, planNames }: GroupFacts): ConflictError | null {
  if (vmCount === 0 && planNames.length === 0) return null;
  const parts = [
    ...(vmCount === 0 ? [] : [`protects ${listed(vmNames, vmCount)}`]),
    ...(planNames.length === 0 ? [] : [`is part of the recovery plans ${listed(planNames)}`]),
  ];
  const [planName] = planNames;
  return new ConflictError(
    `The protection group ${name} ${parts.join(" and ")}.`,
    "Remove its VMs and take it out of its plans first, or delete it with force.",
    planName === undefined ? {} : { planName },
  );
}

/** Nothing can be removed from a site that is away; force deletes the group all the same. */
function awayForDeletion(group: GroupFacts): PreconditionFailedError | null {
  const away = disconnected(group, "recovery");
  return (
    away && new PreconditionFailedError(away.reason, away.message, "Restore the connection to the site, or delete the group with force.")
  );
}

function disconnected(group: GroupFacts, role: "protected" | "recovery"): PreconditionFailedError | null {
  const [name, state] =
    role === "protected" ? [group.protectedSiteName, group.protectedSiteState] : [group.recoverySiteName, group.recoverySiteState];
  if (state !== "DISCONNECTED") return null;
  return new PreconditionFailedError(
    "SITE_DISCONNECTED",
    `The ${role} site ${name} is disconnected.`,
    "Restore the connection to the site.",
  );
}
