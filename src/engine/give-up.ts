/** Steps that are waited for no longer, whatever their site is still to make of them. */
import { isBudgetSpent, isOverBudget, overBudget } from "./budget.ts";
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

/** Steps at a suspect site that could start now, when its time is over, and those that follow: they need no slot to be given up. At most `most`, the others next time. */
export function giveUpReady({ run, clock, inbox }: Drive, most: number): void {
  const now = clock.now();
  if (!isBudgetSpent(run, now)) return;
  for (let left = most; left > 0; ) {
    const over = run.schedule.ready().filter((ordinal) => isOverBudget(run, ordinal, now));
    if (over.length === 0) return;
    for (const ordinal of over.slice(0, left)) endStep(run, ordinal, overBudget(run), now);
    left -= over.length;
  }
  inbox.wake();
}

const lost: StepEnd = { status: "CANCELLED", message: "Given up: the protected site does not answer, and a disaster recovery goes on" };
