/**
 * A thread has one event loop for all. Work that takes long is done in turns, one between two looks at what comes from outside however much such work there
 * is; and who waits for an answer goes first: an answer is made in a dozen small steps, and would wait a turn for each of them. What gives way
 * does so for two thirds of the time at most, so that a gateway that is asked without end works on all the same.
 */
import { setImmediate } from "node:timers"; // for good: a test may put a clock in place of the global one

export interface Turns {
  /** Somebody waits for an answer, until what this returns is called. */
  asked(): () => void;
  /** Resolves when it is the caller's turn: behind all others who have asked for one, and when nobody waits for an answer, or has for long enough. */
  next(): Promise<void>;
}

/** So long a turn lasts: to be kept by whoever has it. */
export const turnMs = 4;

/** Whoever has waited for so long for an answer asked for something long, which is to be worked on beside all else. */
const shortMs = 250;
/** So much is given way at once, */
const mostGivenMs = 50;
/** and such a part of the time in the long run. */
const givenPart = 2 / 3;

/** Its clock, and how it waits. */
interface Clock {
  readonly now: () => number;
  /** Calls it after so long; what it returns calls it off. */
  readonly later: (call: () => void, ms: number) => () => void;
}

const realClock: Clock = {
  now: () => performance.now(),
  later: (call, ms) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

export function createTurns({ now, later }: Clock = realClock): Turns {
  /** Until when each of those who wait for an answer goes first, the oldest first. */
  const askers = new Set<{ readonly until: number }>();
  let givenMs = 0;
  let countedAt = now();
  /** Ends the way that is given. */
  let over: (() => void) | null = null;
  const waiting: (() => void)[] = [];

  const isAsked = (at: number): boolean => {
    for (const asker of askers) {
      if (asker.until > at) return true;
      askers.delete(asker);
    }
    return false;
  };

  const leftMs = (at: number): number => {
    givenMs = Math.max(0, givenMs - (at - countedAt) * givenPart);
    countedAt = at;
    return mostGivenMs - givenMs;
  };

  const giveWay = (): Promise<void> | null => {
    const from = now();
    if (!isAsked(from)) return null;
    const ms = leftMs(from);
    if (ms < 1) return null;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      const until = now();
      leftMs(until);
      givenMs += until - from;
      callOff();
      over = null;
      resolve();
    };
    const callOff = later(end, ms);
    over = end;
    return promise;
  };

  const release = async (): Promise<void> => {
    await giveWay();
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(release);
  };

  return {
    asked() {
      const asker = { until: now() + shortMs };
      askers.add(asker);
      return () => {
        askers.delete(asker);
        if (over !== null && !isAsked(now())) over();
      };
    },
    next: () =>
      new Promise((resolve) => {
        if (waiting.push(resolve) === 1) setImmediate(release);
      }),
  };
}

/** Those of this thread. */
export const turns = createTurns();
