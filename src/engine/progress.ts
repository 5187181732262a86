/** Once a tick: how far the run is, when it may be over, and an event about it when that has changed. */

import { blocks, forecasting, progress } from "./forecast.ts";
import { describeCurrent, type LiveRun, say, stepAt } from "./live-run.ts";
import { inTurns } from "./pieces.ts";

/** Of so many steps a tick says at most how far they are: thousands at once would be most of what a run writes. */
const mostSteps = 200;

/** In the write that opens what only people end: from there on nobody knows the end. */
export function noteBlocked(run: LiveRun): void {
  run.currentStep = describeCurrent(run);
  run.estimate = null;
  const { progressPercent, currentStep } = run;
  say(run, { kind: "PROGRESS", progressPercent, currentStep, estimatedCompletionTime: null, steps: [] });
}

/**
 * A run that an operator has paused ends when somebody resumes it, which nobody can know. The forecast is of the moment of the call; the run may go
 * on while it is made.
 */
export async function noteProgress(run: LiveRun, now: number, slotsPerSite: number, paused: boolean): Promise<void> {
  const { progressPercent, estimatedEnd: expected } = await look(run, now, slotsPerSite);
  const estimatedEnd = paused || waitsForPeople(run) ? null : expected;
  const currentStep = describeCurrent(run);
  const percent = Math.max(run.progressPercent, Math.min(99, Math.floor(progressPercent)));
  const changed = percent !== run.progressPercent || currentStep !== run.currentStep || (estimatedEnd === null) !== (run.estimate === null);
  run.progressPercent = percent;
  run.currentStep = currentStep;
  run.estimate = estimatedEnd;
  if (!changed) return;
  const steps = stepsUnderWay(run);
  for (const { ordinal } of steps) run.batch.steps.set(ordinal, stepAt(run, ordinal));
  const estimatedCompletionTime = estimatedEnd === null ? null : new Date(estimatedEnd).toISOString();
  say(run, { kind: "PROGRESS", progressPercent: percent, currentStep, estimatedCompletionTime, steps });
}

/** What they have to end may have begun since the forecast was. */
const waitsForPeople = (run: LiveRun): boolean =>
  run.schedule.waits().some((ordinal) => {
    const step = stepAt(run, ordinal);
    return blocks(step.node, step);
  });

/** Of so many steps the first forecast takes tens of milliseconds, and the first steps, which come one after the other, would wait for it. */
const manySteps = 5_000;
const firstStepsMs = 250;

/** How long others go before a forecast that is due. */
export const beforeForecastMs = ({ steps, currentStep }: Pick<LiveRun, "steps" | "currentStep">): number =>
  currentStep === null && steps.length >= manySteps ? firstStepsMs : 0;

/** A forecast of thousands of steps takes long enough to be felt: then the last one stands for a while. */
const feltMs = 50;
const restTimes = 20;
/** Each step at the beginning of a run waits for one of its turns, or several. */
const turnMs = 2;

async function look(
  run: LiveRun,
  now: number,
  slotsPerSite: number,
): Promise<{ readonly progressPercent: number; readonly estimatedEnd: number | null }> {
  const began = performance.now();
  if (began < run.nextForecastAt && run.estimate !== null) return { progressPercent: progress(run.steps, now), estimatedEnd: run.estimate };
  const facts = run.steps.map(({ status, startedAt, endedAt, dueAt }) => ({ status, startedAt, endedAt, dueAt }));
  let took = 0;
  const onTurn = (ms: number) => {
    took += ms;
  };
  const found = await inTurns(forecasting(run.steps, now, slotsPerSite, facts), { turnMs, onTurn });
  if (took > feltMs) run.nextForecastAt = began + restTimes * took;
  return found;
}

/** Running steps that are somewhere, in order; of more than `mostSteps` some, each time those that come behind the last time's. */
function stepsUnderWay(run: LiveRun) {
  const running = run.schedule.active().filter((ordinal) => {
    const { status, progressPercent } = stepAt(run, ordinal);
    return status === "RUNNING" && progressPercent > 0;
  });
  const told = running.length <= mostSteps ? running : inTurn(running, run.progressToldTo);
  run.progressToldTo = told.at(-1) ?? 0;
  return told
    .sort((a, b) => a - b)
    .map((ordinal) => {
      const { node, progressPercent } = stepAt(run, ordinal);
      return { ordinal, path: node.path, progressPercent };
    });
}

function inTurn(running: readonly number[], after: number): number[] {
  const next = running.findIndex((ordinal) => ordinal > after);
  const from = Math.max(0, next);
  return [...running.slice(from, from + mostSteps), ...running.slice(0, Math.max(0, from + mostSteps - running.length))];
}
