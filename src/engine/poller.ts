/**
 * Asks one question for many keys at once, again and again while somebody waits: so that 500 running effects at a site cost
 * one call per round instead of 500.
 */
import { Heap } from "./heap.ts";

export interface Poller<V> {
  /**
   * The answer of the next round, or, of what is expected to be over in `expectedMs`, of the first one after that or of one that looks how far
   * it is; undefined when the site has none for the key. Rejects with what the round failed with.
   */
  next(key: string, expectedMs?: number): Promise<V | undefined>;
  /** The same of a round that comes as soon as a few others may have asked too: nobody has looked yet. */
  soon(key: string): Promise<V | undefined>;
  /** Whatever is expected: looks at all that is waited for now. */
  hurry(): void;
}

interface Waiting<V> {
  readonly key: string;
  readonly promise: Promise<V | undefined>;
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** So many keys are asked for at once at most: the answer for thousands would be in nobody's time. */
const mostKeys = 500;

/** What takes longer is looked at meanwhile too, to tell how far it is: after so many intervals, and more seldom where there are thousands. */
const progressIntervals = 5;
const progressMsOfEach = 0.4;

/** What may be over at any time is asked for more seldom where thousands are: the last ones, whom the run waits for, are few. */
const anyTimeMsOfEach = 0.25;

/** Who asks for the first time waits for others for such a part of the interval. */
const soonPart = 0.1;

/** No rest is longer: a site that was slow to answer once keeps nobody from noticing an end. */
const longestRestMs = 2_000;

/** What is due so soon is asked for with what is due now. */
const togetherMs = 4;

/**
 * `ask` is called with keys that are waited for, never twice at once, `intervalMs` after they came or when they are expected to be over; later
 * after a round that took long, so that asking takes a third of the time at most where answers take a second.
 */
export function createPoller<V>(
  ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  intervalMs: number,
  signal: AbortSignal,
): Poller<V> {
  const waiting = new Map<string, Waiting<V>>();
  /** By when it is due, keys by number. */
  let due = new Heap();
  let numbered = new Map<number, Waiting<V>>();
  let numbers = 0;
  let timer: { readonly at: number; readonly id: NodeJS.Timeout } | null = null;
  let asking = false;
  let restUntil = 0;

  function schedule(): void {
    const first = due.firstKey;
    if (asking || first === undefined) return;
    const at = Math.max(first, restUntil);
    if (timer !== null && timer.at <= at) return;
    if (timer !== null) clearTimeout(timer.id);
    timer = { at, id: setTimeout(() => void round(), Math.max(0, Math.ceil(at - performance.now()))) };
  }

  async function round(): Promise<void> {
    timer = null;
    asking = true;
    const began = performance.now();
    const isAnswered = await askFor(takeDue(began + togetherMs));
    asking = false;
    const now = performance.now();
    // Of a site that is away there was no answer, and it may be back at once.
    restUntil = isAnswered ? now + Math.min(longestRestMs, 2 * (now - began)) : 0;
    schedule();
  }

  function takeDue(until: number): readonly Waiting<V>[] {
    const taken: Waiting<V>[] = [];
    while (taken.length < mostKeys && (due.firstKey ?? Number.POSITIVE_INFINITY) <= until) {
      const number = due.pop() ?? 0;
      const one = numbered.get(number);
      numbered.delete(number);
      if (one === undefined) continue;
      waiting.delete(one.key);
      taken.push(one);
    }
    return taken;
  }

  async function askFor(asked: readonly Waiting<V>[]): Promise<boolean> {
    try {
      const answers = await ask(asked.map(({ key }) => key));
      for (const { key, resolve } of asked) resolve(answers.get(key));
      return true;
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return false;
    }
  }

  function wait(key: string, ms: number): Waiting<V> {
    const one = { key, ...Promise.withResolvers<V | undefined>() };
    waiting.set(key, one);
    numbered.set(++numbers, one);
    due.push(performance.now() + ms, numbers);
    schedule();
    return one;
  }

  const close = () => {
    if (timer !== null) clearTimeout(timer.id);
    for (const { reject } of waiting.values()) reject(signal.reason);
    waiting.clear();
    numbered.clear();
    due = new Heap();
  };
  signal.addEventListener("abort", close, { once: true });

  return {
    next(key, expectedMs) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const meanwhileMs = Math.max(intervalMs * progressIntervals, waiting.size * progressMsOfEach);
      // An estimate that has run out says nothing.
      const isExpected = expectedMs !== undefined && expectedMs > 0;
      const ms = isExpected ? Math.min(expectedMs, meanwhileMs) : Math.max(intervalMs, waiting.size * anyTimeMsOfEach);
      return (waiting.get(key) ?? wait(key, ms)).promise;
    },
    soon(key) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return (waiting.get(key) ?? wait(key, intervalMs * soonPart)).promise;
    },
    hurry() {
      restUntil = 0;
      const now = performance.now();
      due = new Heap();
      numbered = new Map([...waiting.values()].map((one, at) => [numbers + at + 1, one]));
      numbers += numbered.size;
      for (const number of numbered.keys()) due.push(now, number);
      schedule();
    },
  };
}
