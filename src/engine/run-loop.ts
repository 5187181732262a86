/**
 * The loop of one run: hear what has come, start what may start, write both in one go, then act. Nothing is done before it is written, so
 * whoever takes over knows all that may have been done.
 */

import { changesPayload } from "../events/changes.ts";
import { noteStep } from "./batch.ts";
import { isOverBudget } from "./budget.ts";
import { cancelRun, switchRun } from "./cancel.ts";
import type { DatabaseClock } from "./clock.ts";
import type { Executions } from "./execution.ts";
import { figuresOf } from "./figures.ts";
import { finishRun } from "./finish.ts";
import { giveUp, giveUpReady } from "./give-up.ts";
import { giveUpFailures, hearStepWishes, isStopped } from "./held.ts";
import { idleUntil, waitMs } from "./idle.ts";
import type { Inbox, Message } from "./inbox.ts";
import { isOutage, type Journal, LeaseLost, pause } from "./journal.ts";
import type { Claim } from "./lease.ts";
import { endStep, type LiveRun, leafAt, rowOf, say, startStep, stepAt } from "./live-run.ts";
import { isSettled, isWait, slotSite } from "./model.ts";
import { outcomeOf } from "./outcome.ts";
import { beforeForecastMs, noteProgress } from "./progress.ts";
import { decideRollBack } from "./put-back.ts";
import { answerByDefault, type RunRecord, readWishes, type Wishes } from "./records.ts";
import { sayEnded } from "./say-ended.ts";
import type { EngineParts } from "./settings.ts";
import { setState } from "./state.ts";
import { dueOf, endDueWaits, hearAnswers, moveDeadlines, startWait } from "./waits.ts";
import { Writing } from "./writing.ts";

/**
 * So many steps end, and so many start, in one write at most. With the containers that begin and end with them these are up to 400 events, which is
 * what a socket's buffer holds (writing.ts): more make a write no cheaper, and what waits for it waits longer.
 */
const mostAtOnce = 100;

/**
 * Of thousands that are at work, some end all the time, and a write of each by itself would be most of what the database does: so long the others
 * of this moment are waited for. Nobody notices it in a step that takes seconds.
 */
const manyAtWork = 1_000;
const gatherMs = 50;

/** ENDED; or given back: nothing to do before the date, or (null) before it is woken. */
export type RunEnd = "ENDED" | "HANDED_OVER" | "LOST" | { readonly waitsUntil: Date | null };

export interface Drive {
  readonly claim: Claim;
  readonly parts: EngineParts;
  readonly record: RunRecord;
  readonly run: LiveRun;
  readonly journal: Journal;
  readonly inbox: Inbox;
  readonly clock: DatabaseClock;
  readonly executions: Executions;
  readonly signal: AbortSignal;
}

interface LoopState {
  readonly writing: Writing;
  /** Leaves that hold a slot of their site. */
  readonly slots: Set<number>;
  paused: boolean;
  pausedBy: string | null;
  lastTick: number;
  wishesRead: boolean;
  /** The run has been looked at, and its progress has yet to be told. */
  progressDue: boolean;
  /** A forecast is being made. */
  isForecasting: boolean;
  idleSince: number | null;
}

export async function runLoop(d: Drive): Promise<RunEnd> {
  const state: LoopState = {
    writing: new Writing(d),
    slots: new Set(),
    paused: false,
    pausedBy: null,
    lastTick: Number.NEGATIVE_INFINITY,
    wishesRead: false,
    progressDue: false,
    isForecasting: false,
    idleSince: null,
  };
  resumeActive(d, state);
  try {
    await readFirstWishes(d, state);
    for (;;) {
      if (d.signal.aborted) throw d.signal.reason;
      hear(d, state, d.inbox.take(mostAtOnce));
      if (d.inbox.wished() || performance.now() - state.lastTick >= d.parts.settings.tickMs) await tick(d, state);
      decideRollBack(d.run, d.clock.now());
      if (mayStart(d, state)) startReady(d, state);
      setState(d.run, state.paused, state.pausedBy);
      await state.writing.next();
      if (state.progressDue && !state.isForecasting) tellProgress(d, state);
      if (d.run.schedule.isOver() && !isStopped(d.run)) {
        await state.writing.durableAndNoted();
        if (!state.writing.pointsDue) return await finish(d);
      }
      const idle = idleUntil(d, state);
      if (idle !== null) {
        await state.writing.durableAndNoted();
        return idle;
      }
      await d.inbox.wait(waitMs(d));
      if (d.executions.working >= manyAtWork) await d.inbox.gather(mostAtOnce, gatherMs);
    }
  } finally {
    for (const ordinal of state.slots) giveSlot(d, state, ordinal);
  }
}

/** A run that was paused or cancelled before this node took it up is so from the start. */
async function readFirstWishes(d: Drive, state: LoopState): Promise<void> {
  for (;;) {
    await tick(d, state);
    if (state.wishesRead) return;
    await pause(200, d.signal);
  }
}

/** Steps that were under way when their owner died go on, and take their slots even over the bound. */
function resumeActive(d: Drive, state: LoopState): void {
  for (const ordinal of d.run.schedule.active()) {
    const { node } = leafAt(d.run, ordinal);
    if (isWait(node.kind)) continue;
    const site = slotSite(node);
    if (site !== null) {
      d.parts.slots.force(site);
      state.slots.add(ordinal);
    }
    state.writing.launch(ordinal, true);
  }
  if (d.run.steps.some(({ node, result }) => node.kind === "PROMPT" && result?.answer === "ABORT")) {
    d.run.cancelReason = "ABORTED_BY_PROMPT";
    giveUpFailures(d.run, d.clock.now());
    d.executions.interrupt();
  }
}

function giveSlot(d: Drive, state: LoopState, ordinal: number): void {
  const site = slotSite(stepAt(d.run, ordinal).node);
  if (state.slots.delete(ordinal) && site !== null) d.parts.slots.give(site);
}

function hear(d: Drive, state: LoopState, messages: readonly Message[]): void {
  const now = d.clock.now();
  for (const message of messages) {
    if (message.kind === "BROKEN") throw message.error;
    const step = leafAt(d.run, message.ordinal);
    if (message.kind === "ENDED") {
      giveSlot(d, state, message.ordinal);
      if (!isSettled(step.status)) endStep(d.run, message.ordinal, message.end, now);
    } else if (isSettled(step.status)) {
      // Given up: nothing that it still says changes how it ended.
      if (message.kind === "RECORD") message.written();
    } else if (message.kind === "RECORD") {
      const { change } = message;
      step.message = change.message ?? step.message;
      step.result = change.result ?? step.result;
      if (change.nextAttempt) step.attempt++;
      if (change.retryInMs !== undefined) step.dueAt = change.retryInMs === null ? null : now + change.retryInMs;
      noteStep(d.run.batch, step);
      state.writing.tell(message.written);
    } else {
      const { ordinal, text, totalBytes } = message;
      d.run.batch.outputs.push({ ordinal, text, total: totalBytes });
      say(d.run, { kind: "COMMAND_OUTPUT", ordinal, path: step.node.path, text, totalBytes });
    }
  }
}

/** Looks at what people wish, and at deadlines. */
async function tick(d: Drive, state: LoopState): Promise<void> {
  state.lastTick = performance.now();
  await state.writing.durable();
  let wishes: Wishes | null;
  try {
    wishes = await readWishes(d.parts.pool, d.run.id, d.run.schedule.waits());
  } catch (error) {
    if (!isOutage(error)) throw error;
    return;
  }
  if (wishes === null) return;
  state.wishesRead = true;
  state.writing.catchUpPoints();
  d.clock.set(wishes.now);
  state.paused = wishes.pauseRequested;
  state.pausedBy = wishes.pausedBy;
  const wasCancelled = d.run.cancelReason !== null;
  moveDeadlines(d.run, wishes);
  hearStepWishes(d.run, wishes, d.clock.now());
  if (wishes.switchesTo !== null) switchRun(d.run, wishes.switchesTo.recoveryId, wishes.cancelledBy, d.clock.now());
  hearAnswers(d.run, wishes, d.clock.now());
  if (wishes.cancelRequested && d.run.cancelReason === null) {
    cancelRun(d.run, wishes.cancelReason ?? "CANCELLED_BY_OPERATOR", wishes.cancelledBy, d.clock.now());
  }
  if (d.run.cancelReason !== null && !wasCancelled) d.executions.interrupt();
  giveUp(d, wishes, (ordinal) => giveSlot(d, state, ordinal));
  const overdue = endDueWaits(d.run, d.clock.now());
  await answerOverdue(d, overdue);
  state.progressDue = true;
}

/** Beside the loop: a forecast takes its time with thousands of steps, which go on meanwhile. */
function tellProgress({ run, inbox, clock, parts, signal }: Drive, state: LoopState): void {
  state.progressDue = false;
  state.isForecasting = true;
  const tell = () => noteProgress(run, clock.now(), parts.settings.operationsPerSite, state.paused || isStopped(run));
  const rest = beforeForecastMs(run);
  (rest === 0 ? tell() : pause(rest, signal).then(tell))
    .catch((error: unknown) => inbox.put({ kind: "BROKEN", error }))
    .finally(() => {
      state.isForecasting = false;
      inbox.wake();
    });
}

/** At a prompt's time-out; a database that is away is asked again at the next tick. */
async function answerOverdue(d: Drive, ordinals: readonly number[]): Promise<void> {
  try {
    for (const ordinal of ordinals) await answerByDefault(d.parts.pool, d.run.id, d.claim.epoch, ordinal);
    if (ordinals.length > 0) d.inbox.wish();
  } catch (error) {
    if (!isOutage(error)) throw error;
  }
}

/** Under half of the lease nothing new starts: it may be somebody else's before it is done. Of a cancelled run only the roll-back is left to start. */
function mayStart(d: Drive, state: LoopState): boolean {
  const half = (d.parts.settings.leaseSeconds * 1000) / 2;
  const stopped = d.run.cancelReason === null && (state.paused || isStopped(d.run));
  return !stopped && d.parts.lifeline.remainingMs(d.run.id) >= half;
}

function startReady(d: Drive, state: LoopState): void {
  const now = d.clock.now();
  giveUpReady(d, mostAtOnce);
  const slots = (siteId: string | null) => (siteId === null ? mostAtOnce : d.parts.slots.free(siteId));
  const ready = d.run.schedule.readyFor(mostAtOnce, slots);
  if (ready.length === mostAtOnce) d.inbox.goOn(); // each of them starts, and there may be more
  for (const ordinal of ready) {
    if (isOverBudget(d.run, ordinal, now) || startWait(d.run, ordinal, now)) continue;
    const step = stepAt(d.run, ordinal);
    const site = slotSite(step.node);
    if (site !== null) {
      if (!d.parts.slots.take(site)) continue;
      state.slots.add(ordinal);
    }
    startStep(d.run, ordinal, "RUNNING", now, dueOf(step, now));
    state.writing.launch(ordinal, false);
  }
}

/** Somebody may cancel it between the last look and this write: given back, it is taken up anew with that. */
async function finish(d: Drive): Promise<RunEnd> {
  const { run, record } = d;
  const outcome = outcomeOf(run.kind, run.steps, [...run.warnings.values()], run.cancelReason !== null);
  const figures = figuresOf(record.snapshot, run.steps, record.requests);
  const end = { runId: run.id, snapshot: record.snapshot, outcome, figures, steps: run.steps, error: null, switchesTo: run.switchesTo };
  let follower: string | null;
  try {
    ({ follower } = await finishRun(d.journal, end, rowOf(run), run.batch.events));
  } catch (error) {
    if (error instanceof LeaseLost && (await isCancelledNow(d))) return "HANDED_OVER";
    throw error;
  }
  d.parts.wakeUps.hint("dr_events", run.id);
  d.parts.wakeUps.hint("dr_events", changesPayload);
  if (follower !== null) d.parts.wakeUps.hint("dr_work", follower);
  await sayEnded(d.parts, { runId: run.id, plan: record.planName, kind: run.kind, resultState: outcome.resultState });
  return "ENDED";
}

/** And still this node's. A database that is away now says nothing: then the lease lapses. */
async function isCancelledNow({ parts, claim }: Drive): Promise<boolean> {
  const text = "SELECT FROM recovery WHERE id = $1 AND epoch = $2 AND ended_at IS NULL AND cancel_requested_at IS NOT NULL";
  const asked = parts.pool.query({ name: "engine-cancelled-now", text, values: [claim.runId, claim.epoch] });
  return asked.then(({ rowCount }) => rowCount === 1).catch(() => false);
}
