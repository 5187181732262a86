/** What stands in the way of each operation on a plan. Pure: `allowedOperations` and the mutations give the same error for the same facts. */
import { ConflictError, type DomainError } from "../errors.ts";
import type { Refusals } from "../operations.ts";
import { controlRefusalOf } from "../recoveries/service/control-refusals.ts";
import { openRunOf, type PlanFacts } from "../recoveries/service/facts.ts";
import { planConflict } from "../recoveries/service/open-runs.ts";
import { acceptRefusal, disasterRefusal, plannedRefusal, reprotectRefusal } from "../recoveries/service/recovery-refusals.ts";
import { cleanupRefusal, testRefusal } from "../recoveries/service/refusals.ts";
import type { Viewer } from "../viewer.ts";

export type PlanOperation =
  | "START_TEST"
  | "START_PLANNED_RECOVERY"
  | "START_DISASTER_RECOVERY"
  | "START_PLANNED_FAILOVER"
  | "START_REPROTECT"
  | "ACCEPT_RECOVERY"
  | "CLEANUP_TEST"
  | "FORCE_CLEANUP_TEST"
  | "CANCEL_RECOVERY"
  | "PAUSE_RECOVERY"
  | "RESUME_RECOVERY"
  | "SWITCH_TO_DISASTER"
  | PlanEdit;
export type PlanEdit = "UPDATE_PLAN" | "DELETE_PLAN" | "ADD_PROTECTION_GROUP" | "REMOVE_PROTECTION_GROUP" | "CONFIGURE_PRIORITY_GROUPS";

export function planRefusals(plan: PlanFacts, viewer: Viewer): Refusals<PlanOperation> {
  return {
    START_TEST: testRefusal(plan),
    START_PLANNED_RECOVERY: plannedRefusal(plan),
    START_DISASTER_RECOVERY: disasterRefusal(plan),
    START_PLANNED_FAILOVER: plannedRefusal(plan),
    START_REPROTECT: reprotectRefusal(plan),
    ACCEPT_RECOVERY: acceptRefusal(plan),
    CLEANUP_TEST: cleanupRefusal(plan),
    FORCE_CLEANUP_TEST: cleanupRefusal(plan),
    CANCEL_RECOVERY: controlRefusalOf(plan, "CANCEL_RECOVERY", viewer),
    PAUSE_RECOVERY: controlRefusalOf(plan, "PAUSE_RECOVERY", viewer),
    RESUME_RECOVERY: controlRefusalOf(plan, "RESUME_RECOVERY", viewer),
    SWITCH_TO_DISASTER: controlRefusalOf(plan, "SWITCH_TO_DISASTER", viewer),
    UPDATE_PLAN: editRefusal(plan, "UPDATE_PLAN"),
    DELETE_PLAN: editRefusal(plan, "DELETE_PLAN"),
    ADD_PROTECTION_GROUP: editRefusal(plan, "ADD_PROTECTION_GROUP"),
    REMOVE_PROTECTION_GROUP: editRefusal(plan, "REMOVE_PROTECTION_GROUP"),
    CONFIGURE_PRIORITY_GROUPS: editRefusal(plan, "CONFIGURE_PRIORITY_GROUPS"),
  };
}

/** How each begins the sentence "… is not possible". */
const what: Record<PlanEdit, string> = {
  UPDATE_PLAN: "A change of the plan",
  DELETE_PLAN: "The plan's deletion",
  ADD_PROTECTION_GROUP: "Adding a protection group",
  REMOVE_PROTECTION_GROUP: "Taking a protection group out",
  CONFIGURE_PRIORITY_GROUPS: "A change of the priority groups",
};

/** A plan that a run works on stays as it is. One with a test to clean up or groups to reprotect keeps its groups, since nothing else would do that. */
export function editRefusal(plan: PlanFacts, edit: PlanEdit): DomainError | null {
  const run = openRunOf(plan);
  const { lifecycle } = plan;
  const fits =
    edit === "DELETE_PLAN"
      ? lifecycle === "READY" || lifecycle === "RECOVERY_COMPLETE"
      : edit !== "REMOVE_PROTECTION_GROUP" || lifecycle === "READY";
  if (run !== null || !fits) return planConflict(plan, what[edit], run);
  if (edit !== "DELETE_PLAN") return null;
  if (lifecycle === "RECOVERY_COMPLETE" && plan.recoveredVms > 0) return hasRecovered(plan);
  return plan.leftovers > 0 ? hasLeftovers(plan) : null;
}

function hasRecovered({ id: planId, name: planName, lifecycle, recoveredVms }: PlanFacts): ConflictError {
  const message = `The plan's deletion is not possible: VMs of it run at the recovery site (${recoveredVms}), and only the plan can protect them again.`;
  const remedy = "Reprotect the plan first; where the other site is gone for good, with reverseReplication: false.";
  return new ConflictError(message, remedy, { planId, planName, lifecycle });
}

function hasLeftovers({ id: planId, name: planName, lifecycle, leftovers }: PlanFacts): ConflictError {
  const message = `The plan's deletion is not possible: what a forced cleanup left is still there (${leftovers}), and only the plan lists it.`;
  return new ConflictError(message, "Clean up again (cleanupTest); what was removed by hand is noticed by it too.", {
    planId,
    planName,
    lifecycle,
  });
}
