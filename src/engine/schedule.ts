/**
 * Which steps may start now. Knows no clock, no database and no provider: the same tree and the same ends give the same answers.
 * It counts what each step still waits for, so that an end costs only the steps that hang on it.
 *
 * Skipping wins over waiting: a step is SKIPPED as soon as one that it needs has not ended well, whatever else it waits for.
 * A run that is resumed from the statuses it had goes on exactly as it would have.
 */
import type { SettledStatus, StepNode, StepStatus } from "./model.ts";
import { atOnce, type Pieces } from "./pieces.ts";
import { CountingSchedule } from "./schedule/counting.ts";
import { relationsOf } from "./schedule/relations.ts";

/** A step whose status the schedule itself decided: skipped, cancelled, or a container that is over. */
export interface Decided {
  readonly ordinal: number;
  readonly status: SettledStatus;
  readonly message: string | null;
}

export interface Schedule {
  /** Leaves that may start now, in order of their ordinal, that have not been taken by `start`. */
  ready(): readonly number[];
  /** The same, `most` of them, and of each site no more than it has free slots (`slots`; null: those that need none). */
  readyFor(most: number, slots: (siteId: string | null) => number): readonly number[];
  hasReady(): boolean;
  status(ordinal: number): StepStatus;
  /** A ready leaf has started; answers the containers that start with it. */
  start(ordinal: number, status: "RUNNING" | "WAITING"): readonly number[];
  /**
   * A started leaf has failed, and whether that counts is not decided: it waits, and so does what hangs on it, until it is settled. To start
   * it again the schedule is made anew from the statuses.
   */
  hold(ordinal: number): void;
  /** A started leaf has ended (or one that never starts, by its owner's decision): everything that follows of itself, in order. */
  settle(ordinal: number, status: SettledStatus): readonly Decided[];
  /**
   * A prompt was answered SKIP: what is not settled of its phase, in its priority group, behind it is SKIPPED. To be called after
   * the prompt itself was settled, before anything is started: what comes after the phase waits for its last step only.
   */
  skipRestOfPhase(ordinal: number, reason: string): readonly Decided[];
  /** Nothing new starts but what is released: every leaf that has not started is CANCELLED. What runs or is held is settled by its owner. */
  cancel(reason: string): readonly Decided[];
  /** Leaves that are RUNNING or WAITING. */
  active(): readonly number[];
  /** The first of them. */
  firstActive(): number | null;
  /** Those of them that only wait: for a time, or for people. */
  waits(): readonly number[];
  /** Every step is settled. */
  isOver(): boolean;
  /** Leaves of a roll-back that are held, once every step outside of it is settled; none before. */
  rollBack(): readonly number[];
  /** A leaf of a roll-back is held no more. */
  release(ordinal: number): void;
}

export interface Scheduled {
  readonly schedule: Schedule;
  readonly decided: readonly Decided[];
}

/**
 * From a tree and the statuses that are recorded (a resumed run); without them all are PENDING. Those in `held` are held, whatever their
 * status, and so are the leaves of a roll-back that have not started. `decided` is what follows at once.
 */
export const createSchedule = (
  nodes: readonly StepNode[],
  statuses: ReadonlyMap<number, StepStatus> = new Map(),
  held: ReadonlySet<number> = new Set(),
): Scheduled => atOnce(creatingSchedule(nodes, statuses, held));

export function* creatingSchedule(
  nodes: readonly StepNode[],
  statuses: ReadonlyMap<number, StepStatus>,
  held: ReadonlySet<number>,
): Pieces<Scheduled> {
  const relations = yield* relationsOf(nodes);
  yield;
  const schedule = new CountingSchedule(nodes, relations);
  yield;
  return { schedule, decided: yield* schedule.restoring(statuses, held) };
}
