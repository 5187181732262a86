/** The run's state, which follows from what is wished and what waits. */
import { isStopped } from "./held.ts";
import { type LiveRun, leafAt, say } from "./live-run.ts";
import type { PausedReason, RunState } from "./model.ts";

function stateOf(run: LiveRun, paused: boolean): { state: RunState; pausedReason: PausedReason | null } {
  if (run.cancelReason !== null) return { state: "CANCELLING", pausedReason: null };
  if (isStopped(run)) return { state: "PAUSED", pausedReason: "STEP_FAILED" };
  if (paused) return { state: "PAUSED", pausedReason: "OPERATOR" };
  const waiting = run.schedule.waits().filter((ordinal) => run.schedule.status(ordinal) === "WAITING");
  if (waiting.some((ordinal) => leafAt(run, ordinal).node.kind === "PROMPT")) return { state: "PROMPTING", pausedReason: null };
  if (waiting.length > 0) return { state: "PAUSED", pausedReason: "PAUSE_STEP" };
  return { state: "RUNNING", pausedReason: null };
}

/** `by`: who has paused it, or resumed it since. */
export function setState(run: LiveRun, paused: boolean, by: string | null): void {
  // A run that is over has the state of its end; that it was cancelled is told all the same.
  if (run.schedule.isOver() && run.cancelReason === null && !isStopped(run)) return;
  const { state, pausedReason } = stateOf(run, paused);
  if (state === run.state && pausedReason === run.pausedReason) return;
  const wasPaused = run.pausedReason === "OPERATOR";
  run.state = state;
  run.pausedReason = pausedReason;
  const asked = state === "CANCELLING" ? run.cancelledBy : pausedReason === "OPERATOR" || (wasPaused && !paused) ? by : run.resumedBy;
  run.resumedBy = null;
  say(run, { kind: "RECOVERY_STATE_CHANGED", state, pausedReason, by: asked, reason: run.cancelReason });
}
