/** Once a tick: how far the run is, when it may be over, and an event about it when that has changed. */

import { forecast } from "./forecast.ts";
import { describeCurrent, type LiveRun, say, stepAt } from "./live-run.ts";

/** In the write that opens what only people end: from there on nobody knows the end. */
export function noteBlocked(run: LiveRun): void {
  run.currentStep = describeCurrent(run);
  run.estimate = null;
  const { progressPercent, currentStep } = run;
  say(run, { kind: "PROGRESS", progressPercent, currentStep, estimatedCompletionTime: null, steps: [] });
}

/** A run that an operator has paused ends when somebody resumes it, which nobody can know. */
export function noteProgress(run: LiveRun, now: number, slotsPerSite: number, paused: boolean): void {
  const { progressPercent, estimatedEnd: expected } = forecast(run.steps, now, slotsPerSite);
  const estimatedEnd = paused ? null : expected;
  const currentStep = describeCurrent(run);
  const percent = Math.max(run.progressPercent, Math.min(99, Math.floor(progressPercent)));
  const steps = run.schedule.active().flatMap((ordinal) => {
    const { node, status, progressPercent: own } = stepAt(run, ordinal);
    return status === "RUNNING" && own > 0 ? [{ ordinal, path: node.path, progressPercent: own }] : [];
  });
  const changed = percent !== run.progressPercent || currentStep !== run.currentStep || (estimatedEnd === null) !== (run.estimate === null);
  run.progressPercent = percent;
  run.currentStep = currentStep;
  run.estimate = estimatedEnd;
  if (!changed) return;
  for (const { ordinal } of steps) run.batch.steps.set(ordinal, stepAt(run, ordinal));
  const estimatedCompletionTime = estimatedEnd === null ? null : new Date(estimatedEnd).toISOString();
  say(run, { kind: "PROGRESS", progressPercent: percent, currentStep, estimatedCompletionTime, steps });
}
