/**
 * Asks one question for many keys at once, again and again while somebody waits: so that 500 running effects at a site cost
 * one call per round instead of 500.
 */
import { Heap } from "./heap.ts";

export interface Poller<V> {
  /** The answer of a round that comes as soon as a few others may have asked too: nobody has looked yet. Undefined when the site has none. */
  soon(about: string): Promise<V | undefined>;
  /**
   * The first answer that is enough, of the next rounds; of what is expected to be over in `expectedMs`, of the first one after that and of those
   * that look how far it is. Thousands wait through hundreds of rounds, without a promise for each. Rejects with what a round
   * failed with, or `enough` threw.
   */
  until(about: string, enough: Enough<V>, expectedMs?: number): Promise<V | undefined>;
  /** Whatever is expected: looks at all that is waited for now. */
  hurry(): void;
}

export interface Enough<V> {
  /** Called with each answer. */
  isEnough(answer: V | undefined): boolean;
  /** After one that was not: when it is expected to be over; left out: at any time. */
  expectedMs?(): number | undefined;
}

interface Waiting<V> {
  /** When it is due, and which came first of those that are due together. */
  key: number;
  value: number;
  /** What is asked about. */
  readonly about: string;
  /** Null: any answer is. */
  readonly enough: Enough<V> | null;
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
  let due = new Heap<Waiting<V>>();
  /** Those for whom any answer is enough share it. */
  const shared = new Map<string, Waiting<V>>();
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
      const one = due.pop();
      if (one === undefined) break;
      if (one.enough === null) shared.delete(one.about);
      taken.push(one);
    }
    return taken;
  }

  async function askFor(asked: readonly Waiting<V>[]): Promise<boolean> {
    let answers: ReadonlyMap<string, V>;
    try {
      answers = await ask([...new Set(asked.map(({ about }) => about))]);
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return false;
    }
    for (const one of asked) hear(one, answers.get(one.about));
    return true;
  }

  /** Who can't judge an answer fails alone. */
  function hear(one: Waiting<V>, answer: V | undefined): void {
    const { enough } = one;
    try {
      if (enough === null || enough.isEnough(answer)) one.resolve(answer);
      else if (signal.aborted) one.reject(signal.reason);
      else wait(one, untilNextMs(enough.expectedMs?.()));
    } catch (error) {
      one.reject(error);
    }
  }

  function wait(one: Waiting<V>, ms: number): void {
    one.key = performance.now() + ms;
    one.value = ++numbers;
    due.push(one);
    schedule();
  }

  function begin(about: string, enough: Enough<V> | null, ms: number): Waiting<V> {
    const one = { key: 0, value: 0, about, enough, ...Promise.withResolvers<V | undefined>() };
    wait(one, ms);
    return one;
  }

  function untilNextMs(expectedMs: number | undefined): number {
    const meanwhileMs = Math.max(intervalMs * progressIntervals, due.size * progressMsOfEach);
    // An estimate that has run out says nothing.
    const isExpected = expectedMs !== undefined && expectedMs > 0;
    return isExpected ? Math.min(expectedMs, meanwhileMs) : Math.max(intervalMs, due.size * anyTimeMsOfEach);
  }

  const close = () => {
    if (timer !== null) clearTimeout(timer.id);
    for (const { reject } of due.entries) reject(signal.reason);
    shared.clear();
    due = new Heap();
  };
  signal.addEventListener("abort", close, { once: true });

  return {
    soon(about) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const known = shared.get(about);
      if (known !== undefined) return known.promise;
      const one = begin(about, null, intervalMs * soonPart);
      shared.set(about, one);
      return one.promise;
    },
    until(about, enough, expectedMs) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return begin(about, enough, untilNextMs(expectedMs)).promise;
    },
    hurry() {
      restUntil = 0;
      const all = due.entries;
      due = new Heap();
      for (const one of all) wait(one, 0);
      schedule();
    },
  };
}
