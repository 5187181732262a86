/**
 * When readers that have everything so far are served: all together, at most once in a while. Served one by one, each in its own time, no two
 * of them would get the same batch, and each batch would be executed and written for one subscriber alone. Where it takes longer to serve
 * them all, the next beat waits for them for a while, or there would soon be two crowds that take turns; not for ever, since one that is slow
 * must not hold the others back.
 */
export interface BeatReader {
  /** It is its turn; `at` is the same for all of this beat. Answers whether it was given something, and will be back. */
  serve(at: number): boolean;
}

export interface BeatOptions {
  /** Least time between two beats; at most twice that is waited for readers that have not come back. */
  readonly everyMs: number;
  readonly monotonic: () => number;
}

/**
 * By so much sooner comes what follows a beat that was late, until the time is made up for. Otherwise, of events that come as often as beats
 * may, each would wait as long as the latest one ever did.
 */
const madeUpMs = 2;

export class Beat {
  readonly #options: BeatOptions;
  readonly #waiting = new Set<BeatReader>();
  /** Served by the last beat, and not back yet. */
  readonly #away = new Set<BeatReader>();
  #servedAt = Number.NEGATIVE_INFINITY;
  /** When it should have been: readers are told this time. */
  #wasDueAt = Number.NEGATIVE_INFINITY;
  /** While readers wait: takes back that the next beat comes when it may. */
  #cancel: (() => void) | null = null;

  constructor(options: BeatOptions) {
    this.#options = options;
  }

  /** It is served with the next beat, soon if there was none for a while. */
  wait(reader: BeatReader): void {
    this.#waiting.add(reader);
    this.#cancel ??= this.#plan();
  }

  /** It could take something again. */
  isBack(reader: BeatReader): void {
    if (!this.#away.delete(reader) || this.#away.size > 0 || this.#cancel === null) return;
    this.#cancel();
    this.#cancel = this.#plan();
  }

  leave(reader: BeatReader): void {
    this.#waiting.delete(reader);
    this.isBack(reader);
    if (this.#waiting.size > 0) return;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Never at once: whoever is told of the same news, or has pulled in the same turn, comes along. */
  #plan(): () => void {
    const { monotonic } = this.#options;
    const due = this.#due();
    const wait = Math.ceil(due - monotonic());
    if (wait <= 0) {
      const soon = setImmediate(() => this.#serve());
      return () => clearImmediate(soon);
    }
    const timer = setTimeout(() => this.#serve(), wait);
    return () => clearTimeout(timer);
  }

  #due(): number {
    const { everyMs } = this.#options;
    if (this.#away.size > 0) return this.#servedAt + 2 * everyMs;
    return Math.max(this.#wasDueAt + everyMs, this.#servedAt + everyMs - madeUpMs);
  }

  #serve(): void {
    const { everyMs, monotonic } = this.#options;
    const now = monotonic();
    this.#cancel = this.#due() > now ? this.#plan() : null;
    if (this.#cancel !== null) return;
    const dueAt = this.#wasDueAt + everyMs;
    this.#wasDueAt = now - dueAt < everyMs ? dueAt : now;
    this.#servedAt = now;
    const readers = [...this.#waiting];
    this.#waiting.clear();
    this.#away.clear();
    for (const reader of readers) {
      this.#away.add(reader); // first: it may be back before it has answered
      if (!reader.serve(this.#wasDueAt)) this.isBack(reader);
    }
  }
}
