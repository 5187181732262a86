/** What stands in the way of a planned or a disaster recovery, of reprotecting and of accepting. Pure, as for tests. */
import { ConflictError, type DomainError, PreconditionFailedError } from "../../errors.ts";
import { afterEvent } from "../lifecycle.ts";
import { openRunOf, type PlanFacts } from "./facts.ts";
import { planConflict } from "./open-runs.ts";
import { contentRefusal, siteRefusal, stateRefusal, useRefusal } from "./refusals.ts";

/** From READY, or once more after one that did not recover everything. */
export function plannedRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run !== null || afterEvent(plan.lifecycle, "recoveryStarted") === null) return planConflict(plan, "A planned recovery", run);
  if (plan.lifecycle === "RECOVERY_INCOMPLETE" && plan.lastRecoveryKind === "DISASTER") {
    const message = `The plan ${plan.name} is being recovered from a disaster; a planned recovery can't go on with that.`;
    const details = { planId: plan.id, planName: plan.name, lifecycle: plan.lifecycle };
    return new ConflictError(message, "Run the DISASTER recovery again, or accept the recovery as it is.", details);
  }
  return recoveryRefusal(plan);
}

/** It waits for no test and no cleanup of the plan itself. */
export function disasterRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  const waits = run !== null && run.kind !== "TEST" && run.kind !== "CLEANUP";
  if (waits || afterEvent(plan.lifecycle, "disasterStarted") === null) return planConflict(plan, "A disaster recovery", run);
  return wayBackRefusal(plan) ?? recoveryRefusal(plan);
}

/** What has been recovered can be recovered again only to where its data is: a reprotect brings it back to the other site. */
function wayBackRefusal({ lifecycle, name, groups }: PlanFacts): DomainError | null {
  if (lifecycle !== "RECOVERY_COMPLETE" && lifecycle !== "REPROTECT_INCOMPLETE") return null;
  const site = groups[0]?.protectedSiteName ?? "the other site";
  const message = `The plan ${name} has been recovered, and nothing of it is replicated back to ${site}: there is no recovery point to go back to.`;
  return new PreconditionFailedError("NO_RECOVERY_POINT", message, "Reprotect the plan; then it can be recovered in the other direction.");
}

/** A run that goes on with an earlier one finds its groups as that one has left them. */
function recoveryRefusal(plan: PlanFacts): DomainError | null {
  const others = plan.groups.filter(({ use }) => use?.planId !== plan.id);
  const again = plan.lifecycle !== "READY";
  return useRefusal(others) ?? siteRefusal(plan) ?? (again ? null : stateRefusal(plan.groups)) ?? contentRefusal(plan);
}

/** Only what was recovered is protected in the other direction, and only while nobody doubts which copy counts. */
export function reprotectRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run !== null || afterEvent(plan.lifecycle, "reprotectStarted") === null) return planConflict(plan, "A reprotect", run);
  const others = plan.groups.filter(({ use }) => use?.planId !== plan.id);
  if (plan.recoveredVms === 0) return nothingRecovered(plan);
  return useRefusal(others) ?? splitBrainRefusal(plan);
}

export function nothingRecovered({ name }: Pick<PlanFacts, "name">): PreconditionFailedError {
  const message = `No VM of the plan ${name} is recovered and waits to be protected.`;
  return new PreconditionFailedError("EMPTY", message, "Recover the plan first.");
}

function splitBrainRefusal({ bothRunning, name }: PlanFacts): DomainError | null {
  if (bothRunning.length === 0) return null;
  const shown = bothRunning.slice(0, 5).join(", ");
  const message = `Machines of the plan ${name} run on both sites: ${shown}${bothRunning.length > 5 ? " and more" : ""}.`;
  return new PreconditionFailedError("SPLIT_BRAIN", message, "Decide for each of them with resolveSplitBrain which one is kept.");
}

/** An incomplete recovery that somebody takes as it is. */
export function acceptRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run !== null || afterEvent(plan.lifecycle, "recoveryAccepted") === null) return planConflict(plan, "Accepting a recovery", run);
  return plan.lastRecoveryKind === null ? nothingRecovered(plan) : null;
}
