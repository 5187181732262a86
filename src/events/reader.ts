/** One feed: a hand-written iterator (an `async function*` that waits can't be returned), stepped by pulls, news and timers. */
import { type Cut, type Limits, pauseMs, type Tail, type TailReader, type Wants } from "./tail.ts";
import type { LoggedEvent } from "./types.ts";

export interface Batch<Entry = LoggedEvent> {
  readonly events: readonly Entry[];
  /** Behind the last event; `after` resumes here. */
  readonly cursor: string;
  readonly serverTime: Date;
}

/**
 * The first batch comes at once (possibly empty), then at most one per 100 ms, with everything in order. Nothing is opened before
 * the first `next()`; `return()` settles a pending one.
 */
export interface Feed<Entry = LoggedEvent> extends AsyncIterableIterator<Batch<Entry>, undefined, undefined> {
  /** How long this reader has not had everything that the log has, in seconds; 0: it has. */
  lagSeconds(): number;
  return(): Promise<IteratorResult<Batch<Entry>, undefined>>;
  throw(): Promise<IteratorResult<Batch<Entry>, undefined>>;
  [Symbol.asyncIterator](): Feed<Entry>;
}

export interface FeedOptions {
  readonly signal?: AbortSignal;
  /** Called once when the reader lags by more than the allowed time: end its connection in a way that makes it resume. */
  readonly onLagging?: () => void;
}

export interface ReaderOptions<Entry> extends FeedOptions {
  /** Place in the stream; null: from now. */
  readonly after: bigint | null;
  /** What of it is delivered; all by default. */
  readonly wants?: Wants<Entry>;
  /** Null: nothing is opened any more. */
  openTail(): Tail<Entry> | null;
  readonly limits: Limits;
  readonly clock: () => Date;
  readonly monotonic: () => number;
}

type Pull<Entry> = PromiseWithResolvers<IteratorResult<Batch<Entry>, undefined>>;
const everything = () => true;
const done = { done: true, value: undefined } as const;

export class Reader<Entry> implements Feed<Entry>, TailReader {
  readonly #options: ReaderOptions<Entry>;
  readonly #wants: Wants<Entry>;
  readonly #pulls: Pull<Entry>[] = [];
  #tail: Tail<Entry> | null = null;
  #closed = false;
  #place: bigint | null;
  #started = false;
  #reading = false;
  #failures = 0;
  #deliveredAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #behindSince: number | null = null;
  #toldLagging = false;

  constructor(options: ReaderOptions<Entry>) {
    this.#options = options;
    this.#wants = options.wants ?? everything;
    this.#place = options.after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Batch<Entry>, undefined>> {
    this.#open();
    if (this.#closed) return Promise.resolve(done);
    const pull: Pull<Entry> = Promise.withResolvers();
    this.#pulls.push(pull);
    this.#step();
    return pull.promise;
  }

  return(): Promise<IteratorResult<Batch<Entry>, undefined>> {
    this.end();
    return Promise.resolve(done);
  }

  throw(): Promise<IteratorResult<Batch<Entry>, undefined>> {
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
    else if (!this.#offer(tail, this.#place, tail.after(this.#place, this.#wants)) && tail.isOver(this.#place)) this.end();
  }

  /** Delivers what there is; false: there was nothing, and the place has moved on past what this feed does not want. */
  #offer(tail: Tail<Entry>, from: bigint, { entries, upTo }: Cut<Entry>): boolean {
    const { limits, monotonic } = this.#options;
    const isDue = !this.#started || (upTo > from && monotonic() - this.#deliveredAt >= limits.cursorMs);
    if (entries.length > 0 || isDue) this.#deliver(tail, entries, upTo);
    else this.#moveTo(tail, upTo);
    return entries.length > 0 || isDue;
  }

  #moveTo(tail: Tail<Entry>, place: bigint): void {
    this.#place = place;
    if (!tail.hasNews(place) && !tail.isBehind(place)) this.#behindSince = null;
  }

  async #catchUp(tail: Tail<Entry>, place: bigint): Promise<void> {
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
    const { entries, upTo } = tail.cut(page, this.#wants);
    if (upTo <= place) {
      this.#place = tail.from; // nothing lies in between
      this.#step();
    } else if (!this.#offer(tail, place, { entries, upTo })) this.#step();
  }

  #deliver(tail: Tail<Entry>, events: readonly Entry[], upTo: bigint): void {
    const { limits, clock, monotonic } = this.#options;
    this.#started = true;
    this.#deliveredAt = monotonic();
    this.#notBefore = this.#deliveredAt + limits.batchMs;
    this.#moveTo(tail, upTo);
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
