/**
 * When a planned recovery is rolled back: it was cancelled, whatever was under way is over, and no storage was promoted. Decided from the steps
 * alone, so that after a crash the rest is done, and nothing twice.
 */
import type { StepState } from "./batch.ts";
import { isStopped } from "./held.ts";
import { endStep, type LiveRun, stepAt } from "./live-run.ts";
import { isOwed, undoneBy, wasTried } from "./roll-back.ts";

/** To be asked after everything that may have ended a step: what of the roll-back has its turn is free to start, the rest is SKIPPED. */
export function decideRollBack(run: LiveRun, now: number): void {
  if (isStopped(run)) return;
  const held = run.schedule.rollBack();
  if (held.length === 0) return;
  const why = whyNone(run);
  for (const ordinal of held) {
    const message = why ?? whyNot(run, stepAt(run, ordinal));
    if (message === null) run.schedule.release(ordinal);
    else endStep(run, ordinal, { status: "SKIPPED", message }, now);
  }
}

function whyNone(run: LiveRun): string | null {
  if (run.cancelReason === null) return "Nothing to put back: the recovery was not cancelled";
  if (run.switchesTo !== null) return "Not put back: a disaster recovery goes on with what is done";
  const promoted = run.steps.find((step) => step.node.kind === "PROMOTE_STORAGE" && (wasTried(step) || step.status === "ALREADY_DONE"));
  return promoted === undefined ? null : `Not put back: ${promoted.node.path} ${promoted.node.name} had begun`;
}

function whyNot(run: LiveRun, step: StepState): string | null {
  const ordinal = undoneBy(step.node);
  if (ordinal === null) return null;
  const undone = stepAt(run, ordinal);
  if (isOwed(step, undone.node.kind, undone)) return null;
  if (undone.result?.wasOn === false) return "Nothing to put back: it was off before";
  return `Nothing to put back: ${undone.node.path} ${undone.node.name} was not done`;
}
