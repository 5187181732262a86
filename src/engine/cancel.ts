/** Cancelling a run: whoever watches hears that first, then that nobody has to answer any more, then what becomes of the steps. */
import { giveUpFailures } from "./held.ts";
import { endStep, follow, type LiveRun, leafAt, say } from "./live-run.ts";
import { setState } from "./state.ts";

/** Nothing new starts; what waits ends at once, what runs is left to end. */
export function cancelRun(run: LiveRun, reason: string, by: string | null, now: number): void {
  run.cancelReason = reason;
  run.cancelledBy = by;
  setState(run, false, null);
  withdrawPrompts(run);
  follow(run, run.schedule.cancel(reason), now);
  giveUpFailures(run, now);
  for (const ordinal of run.schedule.waits()) {
    endStep(run, ordinal, { status: "CANCELLED", message: by === null ? reason : `Cancelled by ${by}` }, now);
  }
}

/** The same, but nothing is put back: another run goes on with what is done. It counts too for a run that was cancelled at the same moment. */
export function switchRun(run: LiveRun, follower: string, by: string | null, now: number): void {
  run.switchesTo = follower;
  if (run.cancelReason === null) cancelRun(run, "SWITCHED_TO_DISASTER", by, now);
}

/** The prompts of a cancelled run are nobody's to answer any more. */
function withdrawPrompts(run: LiveRun): void {
  for (const ordinal of run.schedule.waits()) {
    const { node, result, status } = leafAt(run, ordinal);
    const promptId = result?.promptId;
    if (node.kind !== "PROMPT" || status !== "WAITING" || typeof promptId !== "string") continue;
    run.batch.withdrawn.push(promptId);
    say(run, { kind: "PROMPT_ANSWERED", promptId, ordinal, path: node.path, answer: null, by: null, automatic: true });
  }
}
