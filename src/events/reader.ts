/** One feed: a hand-written iterator (an `async function*` that waits can't be returned), stepped by pulls, news and timers. */
import { type Limits, pauseMs, type Tail, type TailReader } from "./tail.ts";
import type { LoggedEvent } from "./types.ts";

export interface Batch {
  readonly events: readonly LoggedEvent[];
  /** Behind the last event; `after` resumes here. */
  readonly cursor: string;
  readonly serverTime: Date;
}

/**
 * The first batch comes at once (possibly empty), then at most one per 100 ms, with everything in order. Nothing is opened before
 * the first `next()`; `return()` settles a pending one.
 */
export interface Feed extends AsyncIterableIterator<Batch, undefined, undefined> {
  /** How long this reader has not had everything that the log has, in seconds; 0: it has. */
  lagSeconds(): number;
  return(): Promise<IteratorResult<Batch, undefined>>;
  throw(): Promise<IteratorResult<Batch, undefined>>;
  [Symbol.asyncIterator](): Feed;
}

export interface FeedOptions {
  readonly signal?: AbortSignal;
  /** Called once when the reader lags by more than the allowed time: end its connection in a way that makes it resume. */
  readonly onLagging?: () => void;
}

export interface ReaderOptions extends FeedOptions {
  /** Place in the stream; null: from now. */
  readonly after: bigint | null;
  /** Null: nothing is opened any more. */
  openTail(): Tail | null;
  readonly limits: Limits;
  readonly clock: () => Date;
  readonly monotonic: () => number;
}

type Pull = PromiseWithResolvers<IteratorResult<Batch, undefined>>;
const done = { done: true, value: undefined } as const;

export class Reader implements Feed, TailReader {
  readonly #options: ReaderOptions;
  readonly #pulls: Pull[] = [];
  #tail: Tail | null = null;
  #closed = false;
  #place: bigint | null;
  #started = false;
  #reading = false;
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #behindSince: number | null = null;
  #toldLagging = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#place = options.after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Batch, undefined>> {
    this.#open();
    if (this.#closed) return Promise.resolve(done);
    const pull: Pull = Promise.withResolvers();
    this.#pulls.push(pull);
    this.#step();
    return pull.promise;
  }

  return(): Promise<IteratorResult<Batch, undefined>> {
    this.end();
    return Promise.resolve(done);
  }

  throw(): Promise<IteratorResult<Batch, undefined>> {
    return this.return();
  }

  lagSeconds(): number {
    return this.#behindSince === null ? 0 : (this.#options.monotonic() - this.#behindSince) / 1_000;
  }

  news(): void {
    if (this.#place !== null && this.#tail?.hasNews(this.#place)) this.#behindSince ??= this.#options.monotonic();
    this.#step();
  }

  checkLag(): void {
    if (this.#toldLagging || this.lagSeconds() <= this.#options.limits.lagSeconds) return;
    this.#toldLagging = true;
    this.#options.onLagging?.();
  }

  readonly end = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.end);
    this.#behindSince = null;
    this.#tail?.leave(this);
    this.#tail = null;
    for (const pull of this.#pulls.splice(0)) pull.resolve(done);
  };

  #open(): void {
    if (this.#closed || this.#tail !== null) return;
    const { signal } = this.#options;
    this.#tail = signal?.aborted ? null : this.#options.openTail();
    if (this.#tail === null) {
      this.#closed = true;
      return;
    }
    signal?.addEventListener("abort", this.end, { once: true });
    this.#tail.join(this);
  }

  /** Delivers if it may and can. Called whenever that may have changed. */
  #step(): void {
    const tail = this.#tail;
    if (tail === null || tail.upTo === null || this.#pulls.length === 0 || this.#reading || this.#timer !== null) return;
    this.#place ??= tail.upTo;
    const wait = Math.ceil(this.#notBefore - this.#options.monotonic());
    if (wait > 0) this.#later(wait);
    else if (tail.isBehind(this.#place)) void this.#catchUp(tail, this.#place);
    else {
      const { events, upTo } = tail.after(this.#place);
      if (events.length > 0 || !this.#started) this.#deliver(tail, events, upTo);
      else if (tail.isOver(this.#place)) this.end();
    }
  }

  async #catchUp(tail: Tail, place: bigint): Promise<void> {
    this.#reading = true;
    this.#behindSince ??= this.#options.monotonic();
    const page = await tail.page(place).catch(() => null);
    this.#reading = false;
    if (this.#closed) return;
    if (page === null) {
      this.#notBefore = this.#options.monotonic() + pauseMs(++this.#failures);
      this.#step();
      return;
    }
    this.#failures = 0;
    const events = tail.cut(page.events);
    const last = events.at(-1);
    if (last !== undefined) {
      this.#deliver(tail, events, events.length === page.events.length ? page.upTo : tail.source.placeOf(last));
    } else {
      this.#place = page.upTo > place ? page.upTo : tail.from; // nothing lies in between
      this.#step();
    }
  }

  #deliver(tail: Tail, events: readonly LoggedEvent[], upTo: bigint): void {
    const { limits, clock, monotonic } = this.#options;
    this.#place = upTo;
    this.#started = true;
    this.#notBefore = monotonic() + limits.batchMs;
    if (!tail.hasNews(upTo) && !tail.isBehind(upTo)) this.#behindSince = null;
    this.#pulls.shift()?.resolve({ done: false, value: { events, cursor: tail.source.cursor(upTo), serverTime: clock() } });
    if (tail.isOver(upTo)) this.end();
    else this.#step();
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#step();
    }, ms);
  }
}
