/** How long a run's loop may sleep, and when the run is given back because it only waits. */
import { isStopped } from "./held.ts";
import { leafAt } from "./live-run.ts";
import { isWait } from "./model.ts";
import type { Drive, RunEnd } from "./run-loop.ts";

interface Idling {
  readonly paused: boolean;
  /** Since when there is nothing to do but wait. */
  idleSince: number | null;
}

/** A run that only waits, and for long, is given back: no node has to stay up for a person's weekend. */
export function idleUntil(d: Drive, state: Idling): RunEnd | null {
  const { run, parts } = d;
  const waitsOnly = d.executions.working === 0 && run.schedule.active().every((ordinal) => isWait(leafAt(run, ordinal).node.kind));
  const stopped = run.cancelReason === null && (state.paused || isStopped(run));
  const nothingToStart = stopped || !run.schedule.hasReady();
  if (!waitsOnly || !nothingToStart) {
    state.idleSince = null;
    return null;
  }
  const now = performance.now();
  state.idleSince ??= now;
  const next = nextDue(d);
  const longEnough = now - state.idleSince >= parts.settings.idleMs && (next === null || next - d.clock.now() > parts.settings.idleMs);
  return longEnough ? { waitsUntil: next === null ? null : new Date(next) } : null;
}

function nextDue(d: Drive): number | null {
  let next: number | null = null;
  for (const ordinal of d.run.schedule.waits()) {
    const { dueAt } = leafAt(d.run, ordinal);
    if (dueAt !== null && (next === null || dueAt < next)) next = dueAt;
  }
  return next;
}

export function waitMs(d: Drive): number {
  const next = nextDue(d);
  const { tickMs } = d.parts.settings;
  return next === null ? tickMs : Math.max(5, Math.min(tickMs, next - d.clock.now()));
}
