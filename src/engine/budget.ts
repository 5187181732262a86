/** What the steps at a suspect protected site may take together: a disaster recovery does not wait for a site that is going down. */
import { leansOnProtectedSite } from "./failure.ts";
import { type LiveRun, stepAt } from "./live-run.ts";
import type { StepEnd } from "./model.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

/** Seconds from the run's start; null: there is no bound. */
export const budgetOf = (snapshot: RunSnapshot): number | null =>
  snapshot.kind === "DISASTER" && snapshot.protectedSiteCondition === "SUSPECT" ? snapshot.options.protectedSiteBudgetSeconds : null;

export const isBudgetSpent = ({ budgetSeconds, startedAt }: LiveRun, now: number): boolean =>
  budgetSeconds !== null && startedAt !== null && now >= startedAt + budgetSeconds * 1000;

export function isOverBudget(run: LiveRun, ordinal: number, now: number): boolean {
  if (!isBudgetSpent(run, now)) return false;
  return leansOnProtectedSite(run.rules, stepAt(run, ordinal).node);
}

export function overBudget({ budgetSeconds }: LiveRun): StepEnd {
  const message = `Given up: the protected site is suspect, and the ${budgetSeconds} s for all that is done with it are over`;
  return { status: "WARNING", message, warnings: [message] };
}
