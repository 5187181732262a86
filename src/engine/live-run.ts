/**
 * A run in memory: its steps, its schedule, and what has changed since the last write. Nothing here waits or writes; each change goes
 * into the batch that the journal takes next.
 */
import type { RecoveryEvent } from "../events/types.ts";
import type { Done } from "./already-done.ts";
import { type Batch, emptyBatch, noteStep, type StepState } from "./batch.ts";
import { countedEnd, type FailureRules, failureCounts, goesOnWithout } from "./failure.ts";
import type { RunRow } from "./journal.ts";
import {
  isContainer,
  type LeafNode,
  type PausedReason,
  type RunKind,
  type RunState,
  type SettledStatus,
  type StepEnd,
  type StepNode,
  type StepStatus,
} from "./model.ts";
import { vmResult } from "./outcome.ts";
import { atOnce, inPieces, type Pieces } from "./pieces.ts";
import type { RunWarning } from "./run-snapshot.ts";
import { creatingSchedule, type Decided, type Schedule, type Scheduled } from "./schedule.ts";
import { stepWarning } from "./step-warning.ts";
import { Tally } from "./tally.ts";

export interface LiveRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly rules: FailureRules;
  /** What the steps at a suspect protected site may take together, from the run's start; null: there is no bound. */
  readonly budgetSeconds: number | null;
  readonly steps: readonly StepState[];
  /** Made anew when a failure is decided. */
  schedule: Schedule;
  readonly children: ReadonlyMap<number, readonly StepState[]>;
  batch: Batch;
  /** As of the last write. */
  readonly tally: Tally;
  state: RunState;
  pausedReason: PausedReason | null;
  startedAt: number | null;
  progressPercent: number;
  /** The last step whose own progress was told, where there are too many to tell all at once. */
  progressToldTo: number;
  /** By the monotonic clock: before that the last forecast is good enough. */
  nextForecastAt: number;
  currentStep: string | null;
  estimate: number | null;
  /** Ordinals of failures that somebody has to decide about (held.ts). */
  readonly failures: Set<number>;
  cancelReason: string | null;
  /** Null: nobody, or a prompt's answer did. */
  cancelledBy: string | null;
  /** Who has ended a pause step before its time, until that is told. */
  resumedBy: string | null;
  /** The disaster run that goes on with it, once it has ended; null: none does. */
  switchesTo: string | null;
  readonly warnings: Map<string, RunWarning>;
}

const childrenOf = (steps: readonly StepState[]): Map<number, StepState[]> => {
  const children = new Map<number, StepState[]>();
  for (const step of steps) {
    const parent = step.node.parent;
    if (parent === null) continue;
    const siblings = children.get(parent);
    if (siblings) siblings.push(step);
    else children.set(parent, [step]);
  }
  return children;
};

/** Shared by all steps that have none. */
const none: readonly never[] = Object.freeze([]);

/** `done`: an earlier run did it. */
export const newStep = (node: StepNode, done?: Done): StepState => ({
  node,
  status: done?.status ?? "PENDING",
  attempt: 1,
  progressPercent: done === undefined ? 0 : 100,
  message: done?.message ?? null,
  errors: none,
  warnings: none,
  result: done?.result ?? null,
  startedAt: null,
  endedAt: null,
  dueAt: null,
});

export interface Start {
  readonly id: string;
  readonly kind: RunKind;
  readonly rules: FailureRules;
  readonly budgetSeconds: number | null;
  readonly state: RunState;
  readonly pausedReason: PausedReason | null;
  readonly startedAt: number | null;
  readonly progressPercent: number;
  readonly warnings: readonly RunWarning[];
  readonly now: number;
}

/** From a new tree or from what is recorded; what follows of itself is already in the batch. */
export const createLiveRun = (start: Start, steps: readonly StepState[]): LiveRun => atOnce(makingLiveRun(start, steps));

export function* makingLiveRun(start: Start, steps: readonly StepState[]): Pieces<LiveRun> {
  const { schedule, decided } = yield* scheduling(start.rules, steps);
  yield;
  const children = childrenOf(steps);
  yield;
  const run: LiveRun = {
    ...start,
    steps,
    schedule,
    children,
    batch: emptyBatch(),
    tally: new Tally(steps),
    progressToldTo: 0,
    nextForecastAt: 0,
    currentStep: null,
    estimate: null,
    failures: new Set(steps.filter((step) => isUndecided(start.rules, step)).map(({ node }) => node.ordinal)),
    cancelReason: null,
    cancelledBy: null,
    resumedBy: null,
    switchesTo: null,
    warnings: new Map(start.warnings.map((warning) => [warning.message, warning])),
  };
  yield;
  follow(run, decided, start.now);
  return run;
}

const isUndecided = (rules: FailureRules, { node, status, message }: StepState): boolean =>
  status === "FAILED" && !isContainer(node) && failureCounts(rules, node, { status, message }).startsWith("PAUSES");

/** Of steps as they are. A failure that stops the run at once is held; what a person has skipped counts as done for those that can do without. */
export const scheduleOf = (rules: FailureRules, steps: readonly StepState[]): Scheduled => atOnce(scheduling(rules, steps));

function* scheduling(rules: FailureRules, steps: readonly StepState[]): Pieces<Scheduled> {
  const held = steps.filter(
    (step) => step.status === "FAILED" && !isContainer(step.node) && failureCounts(rules, step.node, step) === "PAUSES",
  );
  yield;
  const statuses = new Map<number, StepStatus>();
  yield* inPieces(steps, (step) => {
    const status = scheduledStatus(step);
    if (status !== "PENDING") statuses.set(step.node.ordinal, status);
  });
  return yield* creatingSchedule(
    steps.map(({ node }) => node),
    statuses,
    new Set(held.map(({ node }) => node.ordinal)),
  );
}

const scheduledStatus = ({ node, status, result }: StepState): StepStatus =>
  status === "SKIPPED" && result?.skippedBy !== undefined && goesOnWithout(node) ? "SUCCEEDED" : status;

export function stepAt(run: LiveRun, ordinal: number): StepState {
  const step = run.steps[ordinal - 1];
  if (!step || step.node.ordinal !== ordinal) throw new Error(`run ${run.id} has no step ${ordinal}`);
  return step;
}

export function leafAt(run: LiveRun, ordinal: number): StepState & { readonly node: LeafNode } {
  const step = stepAt(run, ordinal);
  if (!isLeafState(step)) throw new Error(`step ${ordinal} of run ${run.id} has no work of its own`);
  return step;
}

const isLeafState = (step: StepState): step is StepState & { readonly node: LeafNode } => !isContainer(step.node);

/** A ready leaf starts, and with it the containers that it is the first of. */
export function startStep(run: LiveRun, ordinal: number, status: "RUNNING" | "WAITING", now: number, dueAt: number | null): StepState {
  for (const container of run.schedule.start(ordinal, status)) {
    const step = stepAt(run, container);
    step.status = "RUNNING";
    step.startedAt ??= now;
    noteStep(run.batch, step);
  }
  const step = stepAt(run, ordinal);
  step.status = status;
  step.startedAt = now;
  step.dueAt = dueAt;
  noteStep(run.batch, step);
  return step;
}

export function endStep(run: LiveRun, ordinal: number, given: StepEnd, now: number): void {
  const step = stepAt(run, ordinal);
  const end = countedEnd(run.rules, step.node, given);
  step.status = end.status;
  step.message = end.message;
  step.errors = end.errors ?? [];
  step.warnings = end.warnings ?? [];
  step.result = end.result ?? step.result;
  step.progressPercent = 100;
  step.endedAt = now;
  step.dueAt = null;
  noteWarnings(run, step);
  noteStep(run.batch, step);
  const undecided = run.cancelReason === null && isUndecided(run.rules, step);
  if (undecided) run.failures.add(ordinal);
  if (undecided && failureCounts(run.rules, step.node, end) === "PAUSES") run.schedule.hold(ordinal);
  else follow(run, run.schedule.settle(ordinal, end.status), now);
}

export function noteWarnings(run: LiveRun, step: StepState): void {
  for (const message of step.warnings) {
    const warning = stepWarning(step.node, message);
    run.warnings.set(warning.message, warning);
  }
}

/** Applies what the schedule has decided by itself. */
export function follow(run: LiveRun, decided: readonly Decided[], now: number): void {
  for (const { ordinal, status, message } of decided) {
    const step = stepAt(run, ordinal);
    step.status = status;
    step.message = message ?? step.message;
    step.endedAt = now;
    if (isContainer(step.node)) rollUp(run, step, status);
    else if (status === "WARNING" && message !== null) {
      step.warnings = [message];
      noteWarnings(run, step);
    }
    noteStep(run.batch, step);
  }
}

function rollUp(run: LiveRun, step: StepState, status: SettledStatus): void {
  const children = run.children.get(step.node.ordinal) ?? [];
  step.progressPercent = 100;
  if (step.node.kind === "VM") step.result = vmResult(children);
  const first = children.find((child) => child.status === status && child.message !== null);
  if (status === "FAILED" || status === "SKIPPED") step.message ??= first?.message ?? null;
}

export function say(run: LiveRun, event: RecoveryEvent): void {
  run.batch.events.push(event);
}

/** What is active, in words: the top-level step and the first leaf in it. */
export function describeCurrent(run: LiveRun): string | null {
  const first = run.schedule.firstActive();
  if (first === null) return run.currentStep;
  const leaf = stepAt(run, first);
  let top = leaf;
  while (top.node.parent !== null) top = stepAt(run, top.node.parent);
  return top === leaf ? leaf.node.name : `${top.node.name}: ${leaf.node.name}`;
}

/** As it is with what has changed since the last write. */
export function rowOf(run: LiveRun): RunRow {
  run.tally.note(run.batch.steps.values());
  return {
    state: run.state,
    pausedReason: run.pausedReason,
    started: run.startedAt,
    progress: Math.floor(run.progressPercent),
    currentStep: run.currentStep,
    estimate: run.estimate,
    ...run.tally.counts(),
    errors: run.tally.errors(),
    warnings: [...run.warnings.values()],
  };
}
