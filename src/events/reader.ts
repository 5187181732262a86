/** One feed: a hand-written iterator (an `async function*` that waits can't be returned), stepped by pulls, news and timers. */
import { type Pullable, pulled, type Taker, Takers } from "./pull.ts";
import { type Batch, type Cut, type Filter, type Limits, pauseMs, type Tail, type TailReader } from "./tail.ts";
import type { LoggedEvent } from "./types.ts";

/**
 * The first batch comes at once (possibly empty), then at most one per 100 ms, with everything in order. Feeds that have caught up get
 * theirs at the same time, and those with the same filter the same ones. Nothing is opened before the first `next()`; `return()` settles
 * a pending one.
 */
export interface Feed<Entry = LoggedEvent> extends AsyncIterableIterator<Batch<Entry>, undefined, undefined>, Pullable<Batch<Entry>> {
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
  readonly filter?: Filter<Entry>;
  /** Null: nothing is opened any more. */
  openTail(): Tail<Entry> | null;
  readonly limits: Limits;
  readonly monotonic: () => number;
}

const everything = { wants: () => true, key: "" };
const done = { done: true, value: undefined } as const;

export class Reader<Entry> implements Feed<Entry>, TailReader {
  readonly #options: ReaderOptions<Entry>;
  readonly #filter: Filter<Entry>;
  readonly #takers = new Takers<Batch<Entry>>();
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
    this.#filter = options.filter ?? everything;
    this.#place = options.after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Batch<Entry>, undefined>> {
    return pulled(this);
  }

  pull(taker: Taker<Batch<Entry>>): void {
    this.#open();
    if (this.#closed) {
      taker.end();
      return;
    }
    this.#takers.add(taker);
    this.#tail?.beat.isBack(this);
    this.#step();
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
    this.#takers.end();
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

  /** Delivers if it may and can, or waits for the others. Called whenever that may have changed. */
  #step(): void {
    const tail = this.#tail;
    if (tail === null || tail.upTo === null || this.#isIdle()) return;
    this.#place ??= tail.upTo;
    if (this.#started && !tail.isBehind(this.#place)) {
      if (tail.upTo > this.#place) tail.beat.wait(this);
      else if (tail.isOver(this.#place)) this.end();
      return;
    }
    const now = this.#options.monotonic();
    const wait = Math.ceil(this.#notBefore - now);
    if (wait > 0) this.#later(wait);
    else if (tail.isBehind(this.#place)) void this.#catchUp(tail, this.#place);
    else this.#offer(tail, this.#place, tail.after(this.#place, this.#filter), now);
  }

  serve(at: number): boolean {
    const tail = this.#tail;
    if (tail === null || this.#place === null || this.#isIdle()) return false;
    if (this.#notBefore > at) {
      tail.beat.wait(this); // it came in between two beats, and goes with the next one
      return false;
    }
    const isGiven = !tail.isBehind(this.#place) && this.#offer(tail, this.#place, tail.after(this.#place, this.#filter), at);
    if (!isGiven) this.#step();
    return isGiven;
  }

  #isIdle(): boolean {
    return this.#takers.isEmpty || this.#reading || this.#timer !== null;
  }

  /** Delivers what there is; false: there was nothing, and the place has moved on past what this feed does not want. */
  #offer(tail: Tail<Entry>, from: bigint, cut: Cut<Entry>, now: number): boolean {
    const isDue = !this.#started || (cut.upTo > from && now - this.#deliveredAt >= this.#options.limits.cursorMs);
    if (cut.entries.length === 0 && !isDue) {
      this.#moveTo(tail, cut.upTo);
      return false;
    }
    this.#deliver(tail, cut, now);
    return true;
  }

  #moveTo(tail: Tail<Entry>, place: bigint): void {
    this.#place = place;
    if (!tail.hasNews(place) && !tail.isBehind(place)) this.#behindSince = null;
  }

  async #catchUp(tail: Tail<Entry>, place: bigint): Promise<void> {
    const { monotonic } = this.#options;
    this.#reading = true;
    this.#behindSince ??= monotonic();
    const page = await tail.page(place).catch(() => null);
    this.#reading = false;
    if (this.#closed) return;
    if (page === null) {
      this.#notBefore = monotonic() + pauseMs(++this.#failures);
      this.#step();
      return;
    }
    this.#failures = 0;
    const cut = tail.cut(page, this.#filter);
    if (cut.upTo <= place) {
      this.#place = tail.from; // nothing lies in between
      this.#step();
    } else if (!this.#offer(tail, place, cut, monotonic())) this.#step();
  }

  #deliver(tail: Tail<Entry>, cut: Cut<Entry>, now: number): void {
    this.#started = true;
    this.#deliveredAt = now;
    this.#notBefore = now + this.#options.limits.batchMs;
    this.#moveTo(tail, cut.upTo);
    this.#takers.next()?.take(cut.batch());
    if (tail.isOver(cut.upTo)) this.end();
    else this.#step();
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#step();
    }, ms);
  }
}
