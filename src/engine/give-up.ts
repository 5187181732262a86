/** Steps that are waited for no longer, whatever their site is still to make of them. */
import { isOverBudget, overBudget } from "./budget.ts";
import { endStep, leafAt } from "./live-run.ts";
import type { StepEnd } from "./model.ts";
import type { Wishes } from "./records.ts";
import type { Drive } from "./run-loop.ts";

/** Those at a suspect site whose time is over, and those at a site that is lost, of a run that a disaster recovery is to go on with. */
export function giveUp(d: Drive, { switchesTo }: Pick<Wishes, "switchesTo">, giveSlot: (ordinal: number) => void): void {
  const now = d.clock.now();
  for (const ordinal of d.run.schedule.active()) {
    const isLost = switchesTo?.siteAnswers === false && leafAt(d.run, ordinal).node.siteId === d.run.rules.protectedSiteId;
    const end = isLost ? lost : isOverBudget(d.run, ordinal, now) ? overBudget(d.run) : null;
    if (end === null) continue;
    d.executions.abandon(ordinal);
    giveSlot(ordinal);
    endStep(d.run, ordinal, end, now);
  }
}

const lost: StepEnd = { status: "CANCELLED", message: "Given up: the protected site does not answer, and a disaster recovery goes on" };
