/**
 * Failures that a person has to look at before anything new starts, and what becomes of them. Nothing of it is kept in memory alone: a step
 * that has FAILED under rules by which that pauses the run has not been decided, for whoever takes the run over too.
 */
import { noteStep, type StepState } from "./batch.ts";
import { failureCounts } from "./failure.ts";
import { follow, type LiveRun, leafAt, noteWarnings, scheduleOf, stepAt } from "./live-run.ts";
import { isContainer, isSettled } from "./model.ts";
import type { StepWish, Wishes } from "./records.ts";
import { causeOf } from "./schedule/cause.ts";

/** Nothing new starts. Once it has stopped, it goes on when the last failure is decided. */
export function isStopped(run: LiveRun): boolean {
  if (run.cancelReason !== null || run.failures.size === 0) return false;
  return run.pausedReason === "STEP_FAILED" || [...run.failures].some((ordinal) => stopsNow(run, stepAt(run, ordinal)));
}

/** A VM's failure stops the run at the end of its priority group, with all others there. */
function stopsNow(run: LiveRun, step: StepState): boolean {
  if (failureCounts(run.rules, step.node, step) !== "PAUSES_AFTER_GROUP") return true;
  let top = step;
  while (top.node.parent !== null) top = stepAt(run, top.node.parent);
  return isSettled(run.schedule.status(top.node.ordinal));
}

/** A cancelled run has no failures to decide: they stay what they are. */
export function giveUpFailures(run: LiveRun, now: number): void {
  const left = [...run.failures];
  run.failures.clear();
  for (const ordinal of left) {
    if (!isSettled(run.schedule.status(ordinal))) follow(run, run.schedule.settle(ordinal, "FAILED"), now);
  }
}

/** Takes what was decided about failed steps; each decision once, since it makes the step something else than FAILED. */
export function hearStepWishes(run: LiveRun, { stepWishes }: Wishes, now: number): void {
  if (run.cancelReason !== null) return;
  const decided: StepState[] = [];
  const causes = new Set<string>();
  for (const wish of stepWishes) {
    const step = leafAt(run, wish.ordinal);
    if (step.status !== "FAILED" || step.attempt !== wish.attempt) continue;
    causes.add(causeOf(step.node, "FAILED"));
    decide(step, wish);
    noteWarnings(run, step);
    noteStep(run.batch, step);
    run.failures.delete(wish.ordinal);
    decided.push(step);
  }
  if (decided.length > 0) drawConsequences(run, decided, causes, now);
}

function decide(step: StepState, { kind, by, comment }: StepWish): void {
  const said = comment === null ? "" : `: ${comment}`;
  step.errors = [];
  if (kind === "RETRY") {
    step.attempt++;
    const result = step.result?.wasOn === undefined ? null : { wasOn: step.result.wasOn };
    Object.assign(step, { status: "PENDING", progressPercent: 0, warnings: [], result, startedAt: null, endedAt: null, dueAt: null });
    step.message = `${by} has it tried again`;
  } else if (kind === "SKIP") {
    step.status = "SKIPPED";
    step.message = `Skipped by ${by}${said}`;
    step.warnings = [step.message];
    step.result = { ...step.result, skippedBy: by };
  } else {
    step.status = "SUCCEEDED";
    step.message = `It worked, says ${by}${said}`;
    step.warnings = [];
  }
}

/** What was skipped for a failure that is none any more waits again, and its containers are open again; the rest follows anew. */
function drawConsequences(run: LiveRun, decided: readonly StepState[], causes: ReadonlySet<string>, now: number): void {
  const open = [...decided];
  for (const step of run.steps) {
    if (isContainer(step.node) || step.status !== "SKIPPED" || step.message === null || !causes.has(step.message)) continue;
    Object.assign(step, { status: "PENDING", message: null, endedAt: null });
    noteStep(run.batch, step);
    open.push(step);
  }
  for (const step of open) reopenContainers(run, step);
  const { schedule, decided: followed } = scheduleOf(run.rules, run.steps);
  run.schedule = schedule;
  follow(run, followed, now);
}

function reopenContainers(run: LiveRun, step: StepState): void {
  for (let at = step.node.parent; at !== null; at = stepAt(run, at).node.parent) {
    const container = stepAt(run, at);
    if (!isSettled(container.status)) continue;
    Object.assign(container, { status: container.startedAt === null ? "PENDING" : "RUNNING", message: null, endedAt: null });
    noteStep(run.batch, container);
  }
}
