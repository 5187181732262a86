/**
 * Work of milliseconds for hundreds of steps, of a second for a hundred thousand: it is written as a generator that pauses where it may be
 * interrupted, so that it can be done at once, or in turns with all else that its thread has to do.
 */
import { setImmediate as look } from "node:timers/promises";
import { turns, turnMs as usualTurnMs } from "../jobs/turns.ts";

export type Pieces<T> = Generator<void, T>;

export interface TurnOptions {
  /** So long at a time nothing else happens. */
  readonly turnMs?: number;
  /** Told how long each turn has taken. */
  readonly onTurn?: (ms: number) => void;
  /** Somebody waits for it, to whom it would give way itself: it gives way to nobody. */
  readonly forAnswer?: boolean;
}

export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Others go on until it resolves. */
export const nextTurn = ({ forAnswer = false }: Pick<TurnOptions, "forAnswer">): Promise<void> => (forAnswer ? look() : turns.next());

/** So that others go on meanwhile, and who waits for an answer goes first. What the work reads must not change. */
export async function inTurns<T>(work: Pieces<T>, options: TurnOptions = {}): Promise<T> {
  const { turnMs = usualTurnMs, onTurn = () => {} } = options;
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    const took = performance.now() - began;
    if (!done && took < turnMs) continue;
    onTurn(took);
    if (done) return value;
    await nextTurn(options);
    began = performance.now();
  }
}

/** The list's entries, with a pause after every so many. */
export function* inPieces<T>(list: readonly T[], each: (entry: T, index: number) => void, size = 1_000): Pieces<void> {
  for (let at = 0; at < list.length; at++) {
    each(list[at] as T, at);
    if ((at + 1) % size === 0) yield;
  }
}

/** What each of the list's entries becomes, likewise. */
export function* mapInPieces<T, R>(list: readonly T[], each: (entry: T, index: number) => R): Pieces<R[]> {
  const found: R[] = [];
  yield* inPieces(list, (entry, index) => found.push(each(entry, index)));
  return found;
}
