/**
 * Drives one run from where its rows say it is to its end, or until it is handed over or lost.
 */
import { changesPayload } from "../events/changes.ts";
import type { EarlierStep } from "./already-done.ts";
import { changesOf } from "./announcements.ts";
import { emptyBatch, noteStep, type StepState } from "./batch.ts";
import { type Beginning, beginning, liveRun, livingRun } from "./beginning.ts";
import type { DatabaseClock } from "./clock.ts";
import { CompileError } from "./compile.ts";
import { createExecutions } from "./execution.ts";
import { figuresOf } from "./figures.ts";
import { finishRun } from "./finish.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { createJournal, type Journal, LeaseLost } from "./journal.ts";
import { leanly } from "./lean-heap.ts";
import type { Claim } from "./lease.ts";
import { type LiveRun, rowOf, stepAt } from "./live-run.ts";
import { inTurns } from "./pieces.ts";
import { notePlaces } from "./places.ts";
import { notePoints } from "./points.ts";
import { loadEarlierSteps, loadRun, loadSteps, type RunRecord } from "./records.ts";
import { type RunEnd, runLoop } from "./run-loop.ts";
import type { RunSnapshot } from "./run-snapshot.ts";
import { sayEnded } from "./say-ended.ts";
import type { EngineParts } from "./settings.ts";
import { writeTree } from "./tree-rows.ts";

export interface RunHandle {
  /** Somebody wished something, or answered. */
  wake(): void;
  /** This node has claimed the run anew: whoever drives it under the older claim stops. */
  lose(): void;
  readonly done: Promise<RunEnd>;
}

export function driveRun(claim: Claim, parts: EngineParts, signal: AbortSignal): RunHandle {
  const inbox = createInbox();
  const lost = new AbortController();
  const stopListening = [
    parts.lifeline.onLost((runId) => runId === claim.runId && lost.abort(new LeaseLost(runId))),
    parts.slots.onFree(() => inbox.wake()),
  ];
  const either = AbortSignal.any([signal, lost.signal]);
  either.addEventListener("abort", () => inbox.wake(), { once: true });
  const done = drive(claim, parts, inbox, either)
    .catch((error: unknown): RunEnd => {
      if (lost.signal.aborted || error instanceof LeaseLost) return "LOST";
      if (signal.aborted) return "HANDED_OVER";
      throw error;
    })
    .finally(() => {
      for (const stop of stopListening) stop();
      lost.abort(new LeaseLost(claim.runId));
    });
  return { wake: () => inbox.wish(), lose: () => lost.abort(new LeaseLost(claim.runId)), done };
}

async function drive(claim: Claim, parts: EngineParts, inbox: Inbox, signal: AbortSignal): Promise<RunEnd> {
  const record = await loadRun(parts.pool, claim.runId);
  return leanly(record.snapshot, () => driveFrom(record, claim, parts, inbox, signal));
}

async function driveFrom(record: RunRecord, claim: Claim, parts: EngineParts, inbox: Inbox, signal: AbortSignal): Promise<RunEnd> {
  const { pool, writers, log } = parts;
  const { clock } = record;
  const journal = createJournal({
    pool,
    writers,
    runId: claim.runId,
    epoch: claim.epoch,
    lastEvent: record.lastEvent,
    signal,
    onTrouble: (error) => log.warn({ err: error, runId: claim.runId }, "the database is away; the run waits"),
  });
  const steps = await loadSteps(pool, claim.runId);
  const run = steps.length > 0 ? await inTurns(livingRun(record, steps)) : await compileRun(record, journal, parts, clock);
  if (run === null) return "ENDED";
  const executions = createExecutions({ run, planName: record.planName, epoch: claim.epoch, parts, inbox, clock, signal });
  await notePoints(pool, claim, run.steps);
  return runLoop({ claim, parts, record, run, journal, inbox, clock, executions, signal });
}

/** Makes the tree and writes it with the run's start; null when it can't be made, which ends the run. */
async function compileRun(record: RunRecord, journal: Journal, parts: EngineParts, clock: DatabaseClock): Promise<LiveRun | null> {
  const { snapshot } = record;
  const begun = await tryToBegin(record, await earlierSteps(snapshot, parts), parts);
  if (typeof begun === "string") {
    await endFailed(record, [], journal, parts, begun);
    return null;
  }
  if (snapshot.kind === "PLANNED" || snapshot.kind === "DISASTER") await notePlaces(parts.pool, snapshot);
  const { run, done } = begun;
  for (const ordinal of done.keys()) noteStep(run.batch, stepAt(run, ordinal));
  run.startedAt = clock.now();
  run.state = "RUNNING";
  // Who has asked for a run tells so with its row; not where the end of another one has written it.
  const requested = {
    kind: "RECOVERY_STATE_CHANGED",
    state: "NOT_STARTED",
    pausedReason: null,
    by: record.initiatedBy,
    reason: null,
  } as const;
  const events = [
    ...(record.lastEvent === 0 && record.planId !== null ? [requested] : []),
    { kind: "RECOVERY_STATE_CHANGED", state: "RUNNING", pausedReason: null, by: null, reason: null } as const,
    ...run.batch.events,
  ];
  await writeTree(journal, run.id, run.steps, rowOf(run), { events, changes: changesOf(record) });
  run.batch = emptyBatch();
  parts.wakeUps.hint("dr_events", record.id);
  parts.wakeUps.hint("dr_events", changesPayload);
  return run;
}

/** Of the run that it goes on with. */
async function earlierSteps(snapshot: RunSnapshot, { pool }: EngineParts): Promise<readonly EarlierStep[]> {
  return "rerunOf" in snapshot && snapshot.rerunOf !== null ? loadEarlierSteps(pool, snapshot.rerunOf) : [];
}

/** The tree, or why there is none: trying again would find the same. */
async function tryToBegin(record: RunRecord, earlier: readonly EarlierStep[], { log }: EngineParts): Promise<Beginning | string> {
  try {
    return await inTurns(beginning(record, earlier));
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    log.error({ err: error, runId: record.id }, "a run can't be compiled");
    return "The steps can't be made, by a fault of the gateway; its log says more.";
  }
}

async function endFailed(
  record: RunRecord,
  steps: readonly StepState[],
  journal: Journal,
  parts: EngineParts,
  error: string,
): Promise<void> {
  const outcome = { state: "FAILED", resultState: "FAILED" } as const;
  const figures = figuresOf(record.snapshot, steps, record.requests);
  const end = { runId: record.id, snapshot: record.snapshot, outcome, figures, steps, error, switchesTo: null };
  await finishRun(journal, end, rowOf(liveRun(record, steps)), []);
  parts.wakeUps.hint("dr_events", record.id);
  parts.wakeUps.hint("dr_events", changesPayload);
  await sayEnded(parts, { runId: record.id, plan: record.planName, kind: record.snapshot.kind, resultState: outcome.resultState });
}

/** Ends a run that has broken off again and again, so that its plan or group is not locked for ever; what it made stays for the cleanup. */
export function endBroken(claim: Claim, parts: EngineParts, signal: AbortSignal): RunHandle {
  async function end(): Promise<RunEnd> {
    const { pool, writers } = parts;
    const { epoch, runId } = claim;
    const record = await loadRun(pool, runId);
    const journal = createJournal({ pool, writers, runId, epoch, lastEvent: record.lastEvent, signal, onTrouble: () => {} });
    const steps = await loadSteps(pool, runId);
    await endFailed(record, steps, journal, parts, "The run broke off again and again, by a fault of the gateway; its log says more.");
    return "ENDED";
  }
  return { wake: () => {}, lose: () => {}, done: end() };
}
