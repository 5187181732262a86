/** What stands in the way of a planned or a disaster recovery, of reprotecting and of accepting. Pure, as for tests. */
import { ConflictError, type DomainError, PreconditionFailedError } from "../../errors.ts";
import { afterEvent } from "../lifecycle.ts";
import { openRunOf, type PlanFacts } from "./facts.ts";
import { planConflict } from "./open-runs.ts";
import { contentRefusal, siteRefusal, stateRefusal, useRefusal } from "./refusals.ts";
import { goesBackFrom, hasRecovered, noWayBack, reprotectEnds } from "./way-back.ts";

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

/** It waits for no test and no cleanup of the plan itself, and ends a reprotect that has something to go back to. */
export function disasterRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  const waits = run !== null && run.kind !== "TEST" && run.kind !== "CLEANUP" && run.kind !== "REPROTECT";
  if (waits || afterEvent(plan.lifecycle, "disasterStarted") === null) return planConflict(plan, "A disaster recovery", run);
  if (!hasRecovered(plan)) return recoveryRefusal(plan);
  const groups = plan.groups.filter(goesBackFrom(plan.recoveredTo));
  if (run?.kind === "REPROTECT") {
    if (run.cancelRequested) return reprotectEnds(plan, run);
    return groups.length + plan.turnedGroups === 0 ? noWayBack(plan) : null;
  }
  return groups.length === 0 ? noWayBack(plan) : recoveryRefusal({ ...plan, groups });
}

/** A run that goes on with an earlier one finds its groups as that one has left them. */
function recoveryRefusal(plan: PlanFacts): DomainError | null {
  const others = plan.groups.filter(({ use }) => use?.planId !== plan.id);
  const again = plan.lifecycle !== "READY" && !hasRecovered(plan);
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
  return new PreconditionFailedError(
    "SPLIT_BRAIN",
    message,
    "Decide for each of them with resolveSplitBrain which one is kept, and wait until the other one is off.",
  );
}

/** An incomplete recovery that somebody takes as it is. */
export function acceptRefusal(plan: PlanFacts): DomainError | null {
  const run = openRunOf(plan);
  if (run !== null || afterEvent(plan.lifecycle, "recoveryAccepted") === null) return planConflict(plan, "Accepting a recovery", run);
  return plan.lastRecoveryKind === null ? nothingRecovered(plan) : null;
}
