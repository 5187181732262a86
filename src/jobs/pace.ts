/**
 * Keeps what goes on by itself to a share of a node's time, however much there is of it: it rests so many times as long as it has worked. Where
 * there is little to do the rests are too short to be noticed; where there is very much, it comes round less often.
 */
import { setTimeout as delay } from "node:timers/promises";

export interface Pace {
  /** Does it, and remembers how long it took. Works that overlap count once: what they share is one node's time. */
  work<T>(work: () => Promise<T>): Promise<T>;
  /** Rests for what was worked since the last rest, by its own measure or by this one; ends early when it is aborted. */
  rest(stop: AbortSignal | undefined, times?: number): Promise<void>;
  /**
   * Another pace, which rests for nothing but its own work; this one rests for that too, as long as it took. By its own measure, the rests of one
   * that does not come to an end would grow for ever.
   */
  beside(restTimes: number): Pace;
}

/** No rest is longer: a database that hung for a while is no reason to stay away. */
const longestRestMs = 60_000;

/** Its clock, and how it waits: until the signal is aborted, at most. */
interface Clock {
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
};

/** How long there was work; works that overlap count once. */
function createMeter(now: () => number) {
  let workedMs = 0;
  let underWay = 0;
  let from = 0;
  return {
    async work<T>(work: () => Promise<T>): Promise<T> {
      if (underWay === 0) from = now();
      underWay += 1;
      try {
        return await work();
      } finally {
        underWay -= 1;
        if (underWay === 0) workedMs += now() - from;
      }
    },
    /** Since it was asked last. */
    take(): number {
      const ms = workedMs;
      workedMs = 0;
      return ms;
    },
  };
}

/** `restTimes`: 4 is a fifth of the time, 9 a tenth. */
export function createPace(restTimes: number, { now, sleep }: Clock = realClock): Pace {
  const own = createMeter(now);
  const others = createMeter(now);
  return {
    work: own.work,
    rest: (signal, times = restTimes) => sleep(Math.min(longestRestMs, times * own.take() + others.take()), signal),
    beside(times) {
      const pace = createPace(times, { now, sleep });
      return { ...pace, work: (work) => others.work(() => pace.work(work)) };
    },
  };
}

/** What does not rest: all that is due is done at once. */
export const withoutRest: Pace = { work: (work) => work(), rest: () => Promise.resolve(), beside: () => withoutRest };
