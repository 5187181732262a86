/**
 * The shared reader of a stream: reads the log once per wake-up for all its feeds, and keeps the newest events in memory while it
 * has any. A feed that is behind the window reads the database itself, and those that ask for the same page share it.
 */
import type { EventsLog } from "./listener.ts";
import type { Page, Source } from "./source.ts";
import type { LoggedEvent } from "./types.ts";

export interface Limits {
  /** Most events in one batch, and most characters of commands' output (a little more: an event is never cut). */
  readonly batchEvents: number;
  readonly batchChars: number;
  /** Least time between two batches of a feed, as the schema promises. */
  readonly batchMs: number;
  /** Least time between two reads of a tail: what a busy run costs the database. */
  readonly readMs: number;
  /** What a tail keeps in memory, in events and characters of output. */
  readonly windowEvents: number;
  readonly windowChars: number;
  /** A feed that has not caught up for longer gets `onLagging`. */
  readonly lagSeconds: number;
}

export const defaultLimits: Limits = {
  batchEvents: 500,
  batchChars: 1_000_000,
  batchMs: 100,
  readMs: 50,
  windowEvents: 4_000,
  windowChars: 4_000_000,
  lagSeconds: 120,
};

/** Pause before the next try while the database is away. */
export const pauseMs = (failures: number): number => Math.min(5_000, 100 * 2 ** failures);

/** A feed as its tail sees it. */
export interface TailReader {
  news(): void;
  checkLag(): void;
  end(): void;
}

export interface TailOptions {
  readonly source: Source;
  readonly limits: Limits;
  readonly log: EventsLog;
  readonly monotonic: () => number;
  /** The last reader has left. */
  onEmpty(): void;
}

export class Tail {
  readonly source: Source;
  readonly readers = new Set<TailReader>();
  readonly #options: TailOptions;
  readonly #pages = new Map<bigint, Promise<Page>>();
  #window: LoggedEvent[] = [];
  #windowChars = 0;
  #from = 0n;
  #upTo: bigint | null = null;
  #newest = 0n;
  #end: bigint | null = null;
  #reading = false;
  #again = false;
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.source = options.source;
  }

  /** Everything behind this place is in memory. */
  get from(): bigint {
    return this.#from;
  }

  /** Everything up to here has been read; null: nothing has been read yet. */
  get upTo(): bigint | null {
    return this.#upTo;
  }

  join(reader: TailReader): void {
    this.readers.add(reader);
    if (this.#upTo === null && !this.#reading) this.wake();
  }

  leave(reader: TailReader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0 || this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.onEmpty();
  }

  /** Something may be new. A wake-up during a read leads to another one: that read may have come too early. */
  wake(): void {
    if (this.#closed || this.#end !== null || this.#timer !== null) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const wait = Math.ceil(this.#notBefore - this.#options.monotonic());
    if (wait <= 0) void this.#read();
    else this.#later(wait);
  }

  isBehind(place: bigint): boolean {
    return place < this.#from;
  }

  /** There are events behind this place. */
  hasNews(place: bigint): boolean {
    return place < this.#newest;
  }

  /** The last event of the stream lies at or before this place. */
  isOver(place: bigint): boolean {
    return this.#end !== null && place >= this.#end;
  }

  /** The next events in memory behind a place that is not behind the window. */
  after(place: bigint): { readonly events: readonly LoggedEvent[]; readonly upTo: bigint } {
    const batch = this.cut(this.#window, this.#indexAfter(place));
    const last = this.#window.at(-1);
    const whole = last === undefined || batch.at(-1) === last || batch.length === 0;
    const upTo = whole ? (this.#upTo ?? place) : this.source.placeOf(batch[batch.length - 1] ?? last);
    return { events: batch, upTo: upTo > place ? upTo : place };
  }

  /** For a feed that is behind the window. */
  page(place: bigint): Promise<Page> {
    const shared = this.#pages.get(place);
    if (shared !== undefined) return shared;
    const page = this.source.after(place, this.#options.limits.batchEvents).finally(() => this.#pages.delete(place));
    this.#pages.set(place, page);
    return page;
  }

  /** As many of these events as go into one batch. */
  cut(events: readonly LoggedEvent[], start = 0): readonly LoggedEvent[] {
    const { batchEvents, batchChars } = this.#options.limits;
    let [end, chars] = [start, 0];
    for (; end < events.length && end - start < batchEvents && chars < batchChars; end++) chars += charsOf(events[end]);
    return events.slice(start, end);
  }

  async #read(): Promise<void> {
    const { limits, log, monotonic } = this.#options;
    this.#reading = true;
    this.#again = false;
    let full = false;
    try {
      const page = await (this.#upTo === null
        ? this.source.newest(limits.windowEvents)
        : this.source.after(this.#upTo, limits.batchEvents));
      full = page.full;
      this.#failures = 0;
      this.#notBefore = monotonic() + limits.readMs;
      this.#add(page);
    } catch (error) {
      if (this.#failures++ === 0) log.warn({ error }, "The event log can't be read; it is tried again until it can");
      this.#notBefore = monotonic() + pauseMs(this.#failures);
      this.#again = true;
    } finally {
      this.#reading = false;
    }
    if (this.#closed) return;
    if (full) void this.#read();
    else if (this.#again) this.wake();
  }

  #add(page: Page): void {
    if (this.#closed) return;
    if (this.#upTo === null) this.#from = page.from;
    this.#upTo = page.upTo;
    for (const event of page.events) {
      this.#window.push(event);
      this.#windowChars += charsOf(event);
      this.#newest = this.source.placeOf(event);
      if (event.event.kind === "RECOVERY_ENDED") this.#end = this.#newest;
    }
    this.#trim();
    for (const reader of [...this.readers]) reader.news();
  }

  #trim(): void {
    const { windowEvents, windowChars } = this.#options.limits;
    let count = 0;
    for (; this.#window.length - count > windowEvents || this.#windowChars > windowChars; count++) {
      const event = this.#window[count];
      if (event === undefined) break;
      this.#windowChars -= charsOf(event);
      this.#from = this.source.placeOf(event);
    }
    if (count > 0) this.#window = this.#window.slice(count);
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, ms);
  }

  #indexAfter(place: bigint): number {
    let [low, high] = [0, this.#window.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.#window[middle];
      if (event !== undefined && this.source.placeOf(event) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const charsOf = (event: LoggedEvent | undefined): number => (event?.event.kind === "COMMAND_OUTPUT" ? event.event.text.length : 0);
