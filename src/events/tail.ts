/**
 * The shared reader of a stream: reads the log once per wake-up for all its feeds, and keeps the newest entries in memory while it
 * has any. A feed that is behind the window reads the database itself, and those that ask for the same page share it; the others are
 * served together, by the beat. What a feed does not want is left out when it is handed out; its place moves on past it.
 */
import { Beat, type BeatReader } from "./beat.ts";
import type { EventsLog } from "./listener.ts";
import type { Page, Source } from "./source.ts";
import type { LoggedEvent } from "./types.ts";

export interface Limits {
  /** Most events in one batch, and most characters of commands' output (a little more: an event is never cut). */
  readonly batchEvents: number;
  readonly batchChars: number;
  /** Least time between two batches of a feed, as the schema promises, and between two beats. */
  readonly batchMs: number;
  /** A feed that has nothing to deliver for so long gets an empty batch once its place has moved: its client's cursor must not expire. */
  readonly cursorMs: number;
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
  cursorMs: 60_000,
  readMs: 50,
  windowEvents: 4_000,
  windowChars: 4_000_000,
  lagSeconds: 120,
};

/** Pause before the next try while the database is away. */
export const pauseMs = (failures: number): number => Math.min(5_000, 100 * 2 ** failures);

/** What of a stream a feed is for. */
export interface Filter<Entry> {
  wants(entry: Entry): boolean;
  /** Filters with the same key want the same; null: no other one does. */
  readonly key: string | null;
}

export interface Batch<Entry = LoggedEvent> {
  readonly events: readonly Entry[];
  /** Behind the last event; `after` resumes here. */
  readonly cursor: string;
  readonly serverTime: Date;
}

/** What goes into one batch, and how far the stream has been looked through for it. */
export interface Cut<Entry> {
  readonly entries: readonly Entry[];
  readonly upTo: bigint;
  /** The same object for all who have this cut. */
  batch(): Batch<Entry>;
}

/** A feed as its tail sees it. */
export interface TailReader extends BeatReader {
  news(): void;
  checkLag(): void;
  end(): void;
}

export interface TailOptions<Entry> {
  readonly source: Source<Entry>;
  readonly limits: Limits;
  readonly log: EventsLog;
  readonly clock: () => Date;
  readonly monotonic: () => number;
  /** The last reader has left. */
  onEmpty(): void;
}

export class Tail<Entry> {
  readonly source: Source<Entry>;
  readonly readers = new Set<TailReader>();
  readonly beat: Beat;
  readonly #options: TailOptions<Entry>;
  readonly #pages = new Map<bigint, Promise<Page<Entry>>>();
  /** Made in this turn of the event loop, by place and filter. */
  readonly #cuts = new Map<string, Cut<Entry>>();
  #window: Entry[] = [];
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

  constructor(options: TailOptions<Entry>) {
    this.#options = options;
    this.source = options.source;
    this.beat = new Beat({ everyMs: options.limits.batchMs, monotonic: options.monotonic });
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
    this.beat.leave(reader);
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

  /** The next entries in memory behind a place that is not behind the window. */
  after(place: bigint, filter: Filter<Entry>): Cut<Entry> {
    const upTo = this.#upTo ?? place;
    return this.#cutOnce(place, filter, () => this.#cut(this.#window, this.#indexAfter(place), upTo > place ? upTo : place, filter));
  }

  /** For a feed that is behind the window. */
  page(place: bigint): Promise<Page<Entry>> {
    const shared = this.#pages.get(place);
    if (shared !== undefined) return shared;
    const page = this.source.after(place, this.#options.limits.batchEvents).finally(() => this.#pages.delete(place));
    this.#pages.set(place, page);
    return page;
  }

  /** As much of a page as goes into one batch. */
  cut(page: Page<Entry>, filter: Filter<Entry>): Cut<Entry> {
    return this.#cutOnce(page.from, filter, () => this.#cut(page.entries, 0, page.upTo, filter));
  }

  /** Feeds that ask for the same in one turn of the event loop get the same; not for longer, since a batch says when it was handed over. */
  #cutOnce(place: bigint, { key }: Filter<Entry>, make: () => Cut<Entry>): Cut<Entry> {
    if (key === null) return make();
    const name = `${place} ${key}`;
    const known = this.#cuts.get(name);
    if (known !== undefined) return known;
    if (this.#cuts.size === 0) setImmediate(() => this.#cuts.clear());
    const made = make();
    this.#cuts.set(name, made);
    return made;
  }

  #cut(all: readonly Entry[], start: number, upTo: bigint, { wants }: Filter<Entry>): Cut<Entry> {
    const { batchEvents, batchChars } = this.#options.limits;
    const entries: Entry[] = [];
    let chars = 0;
    for (let at = start; at < all.length; at++) {
      const entry = all[at];
      if (entry === undefined || !wants(entry)) continue;
      const last = entries.at(-1);
      if (last !== undefined && (entries.length >= batchEvents || chars >= batchChars))
        return this.#cutOf(entries, this.source.placeOf(last));
      entries.push(entry);
      chars += this.source.charsOf(entry);
    }
    return this.#cutOf(entries, upTo);
  }

  #cutOf(entries: readonly Entry[], upTo: bigint): Cut<Entry> {
    let batch: Batch<Entry> | null = null;
    return {
      entries,
      upTo,
      batch: () => {
        batch ??= { events: entries, cursor: this.source.cursor(upTo), serverTime: this.#options.clock() };
        return batch;
      },
    };
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

  #add(page: Page<Entry>): void {
    if (this.#closed) return;
    if (this.#upTo === null) this.#from = page.from;
    this.#upTo = page.upTo;
    for (const entry of page.entries) {
      this.#window.push(entry);
      this.#windowChars += this.source.charsOf(entry);
      this.#newest = this.source.placeOf(entry);
      if (this.source.isLast(entry)) this.#end = this.#newest;
    }
    this.#trim();
    this.#cuts.clear();
    for (const reader of [...this.readers]) reader.news();
  }

  #trim(): void {
    const { windowEvents, windowChars } = this.#options.limits;
    let count = 0;
    for (; this.#window.length - count > windowEvents || this.#windowChars > windowChars; count++) {
      const entry = this.#window[count];
      if (entry === undefined) break;
      this.#windowChars -= this.source.charsOf(entry);
      this.#from = this.source.placeOf(entry);
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
      const entry = this.#window[middle];
      if (entry !== undefined && this.source.placeOf(entry) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
