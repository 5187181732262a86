/** What stands in the way of starting a run and of cleaning up. Pure: lists and mutations give the same error for the same facts. */
import { ConflictError, type DomainError, PreconditionFailedError } from "../../errors.ts";
import { afterEvent } from "../lifecycle.ts";
import { type GroupFacts, openRunOf, type PlanFacts } from "./facts.ts";
import { emptyPlan, faultsRefusal, unmapped } from "./faults.ts";
import { leftOpen, nameOf, planConflict, runConflict } from "./open-runs.ts";

/** What the recovery site itself says, and what the options of the start ask for, is found by the start alone. */
export function testRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run !== null || afterEvent(plan.lifecycle, "testStarted") === null) return planConflict(plan, "A test", run);
  return pairRefusal(plan) ?? useRefusal(plan.groups) ?? siteRefusal(plan) ?? stateRefusal(plan.groups) ?? contentRefusal(plan);
}

/** A disaster recovery has left a test behind: its cleanup is possible in every lifecycle, and leaves that and the groups as they are. */
export const cleansUpBehind = ({ lifecycle, leftovers, hasUncleanedTest }: PlanFacts): boolean =>
  hasUncleanedTest &&
  !lifecycle.endsWith("_IN_PROGRESS") &&
  afterEvent(lifecycle, "cleanupStarted") === null &&
  (lifecycle !== "READY" || leftovers === 0);

/** Of a plan that is READY, only what a forced cleanup or a disaster recovery left can be cleaned up. */
export function cleanupRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run === null && cleansUpBehind(plan)) return null;
  const ready = plan.lifecycle === "READY";
  const next = afterEvent(plan.lifecycle, ready ? "leftoversCleanupStarted" : "cleanupStarted");
  if (run !== null || next === null) return planConflict(plan, "A cleanup", run);
  if (ready && plan.leftovers === 0) return nothingToCleanUp(plan);
  // A plan that is READY holds no groups, and those of an old test may have left it. A state other than READY would be lost with the end of the cleanup.
  if (ready) return useRefusal(plan.groupsOfLeftovers) ?? notReady(plan.groupsOfLeftovers);
  if (!plan.hasTest) {
    const details = { planId: plan.id, planName: plan.name };
    return new ConflictError(`The plan ${plan.name} has no test to clean up.`, "Start a test first.", details);
  }
  return useRefusal(plan.groups.filter(({ use }) => use?.planId !== plan.id));
}

export function nothingToCleanUp({ id: planId, name: planName, lifecycle }: Pick<PlanFacts, "id" | "name" | "lifecycle">): ConflictError {
  const message = `There is nothing to clean up: the plan ${planName} is ${lifecycle}, and no test of it has left anything.`;
  return new ConflictError(message, "Nothing has to be done.", { planId, planName, lifecycle });
}

/** One test at a time on a pair of sites, and none beside a real recovery. */
function pairRefusal({ pairRun: run }: PlanFacts): DomainError | null {
  if (run === null) return null;
  return run.kind === "TEST"
    ? runConflict(`A test of the plan ${run.planName} runs on this pair of sites, and one at a time may.`, run, 1)
    : runConflict(`A real recovery of the plan ${run.planName} runs on this pair of sites; no test starts beside it.`, run);
}

/** Groups that a run has: it is open, or its test has not been cleaned up. */
export function useRefusal(groups: readonly GroupFacts[]): DomainError | null {
  const found = groups.find(({ use }) => use !== null);
  if (!found?.use) return null;
  const { name, use } = found;
  if (use.open) return runConflict(`The group ${name} is in use by ${nameOf(use)}.`, use);
  const { what, remedy } = leftOpen(use);
  return new ConflictError(`The group ${name} is in use by ${what}.`, remedy, {
    planName: use.planName,
    ...(use.planId === null ? {} : { planId: use.planId }),
  });
}

/** One direction, to a site that can be reached. */
export function siteRefusal({ groups }: PlanFacts): DomainError | null {
  const [first] = groups;
  if (first === undefined) return null;
  if (first.recoverySiteState === "DISCONNECTED") {
    const message = `The recovery site ${first.recoverySiteName} is disconnected.`;
    return new PreconditionFailedError("SITE_DISCONNECTED", message, "Restore the connection to the site.");
  }
  const other = groups.find(({ recoverySiteId }) => recoverySiteId !== first.recoverySiteId);
  if (other === undefined) return null;
  const message = `The groups ${first.name} and ${other.name} are protected in opposite directions.`;
  return new PreconditionFailedError(
    "MIXED_DIRECTION",
    message,
    "Reprotect or fail back, so that all groups of the plan have one direction.",
  );
}

export function stateRefusal(groups: readonly GroupFacts[]): DomainError | null {
  const found = groups.find(({ state }) => state !== "READY");
  if (found?.state !== "RECOVERED" && found?.state !== "PARTIALLY_RECOVERED") return notReady(groups);
  const message = `The group ${found.name} has been recovered.`;
  return new PreconditionFailedError("GROUP_RECOVERED_ELSEWHERE", message, "Reprotect the plan that recovered it first.");
}

function notReady(groups: readonly GroupFacts[]): DomainError | null {
  const found = groups.find(({ state }) => state !== "READY");
  if (found === undefined) return null;
  const message = `The group ${found.name} is ${found.state}.`;
  return new PreconditionFailedError("GROUP_NOT_READY", message, "Wait until the group is READY, or mend its fault.");
}

export function contentRefusal(plan: PlanFacts): DomainError | null {
  if (plan.groups.every(({ configuredVms }) => configuredVms === 0)) return faultsRefusal([emptyPlan(plan)]);
  const { first, count } = plan.unmapped;
  const faults = first.map(({ vmName, networkName }) => unmapped(vmName, "network", networkName));
  return count === 0 ? null : faultsRefusal(faults, count);
}
