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

/** Of a reader, for as long as it is there: sets of those that wait and are away would be made anew with each beat, and outlive young collections. */
interface Place {
  readonly reader: BeatReader;
  isWaiting: boolean;
  /** The beat that it was served by, and has not come back from; null: it has. Who is not back when another one begins is not waited for. */
  awaySince: number | null;
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

/** Who was served first comes back first: each beat begins so far on in that order, or the same ones would be last in all of them. */
const shareSkipped = 0.382;

export class Beat {
  readonly #options: BeatOptions;
  readonly #places = new Map<BeatReader, Place>();
  /** Of those that wait, in the order in which they came, and of some that have left. */
  #queue: Place[] = [];
  #waiting = 0;
  #away = 0;
  /** Of the last beat. */
  #number = 0;
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
    const place = this.#placeOf(reader);
    if (!place.isWaiting) {
      place.isWaiting = true;
      this.#waiting++;
      this.#queue.push(place);
    }
    this.#cancel ??= this.#plan();
  }

  /** It could take something again. */
  isBack(reader: BeatReader): void {
    const place = this.#places.get(reader);
    if (place !== undefined) this.#back(place);
  }

  leave(reader: BeatReader): void {
    const place = this.#places.get(reader);
    if (place?.isWaiting) {
      place.isWaiting = false;
      this.#waiting--;
    }
    this.isBack(reader);
    this.#places.delete(reader);
    if (this.#waiting > 0) return;
    this.#queue = [];
    this.#cancel?.();
    this.#cancel = null;
  }

  #back(place: Place): void {
    if (place.awaySince !== this.#number) return;
    place.awaySince = null;
    this.#away--;
    if (this.#away > 0 || this.#cancel === null) return;
    this.#cancel();
    this.#cancel = this.#plan();
  }

  #placeOf(reader: BeatReader): Place {
    const known = this.#places.get(reader);
    if (known !== undefined) return known;
    const place: Place = { reader, isWaiting: false, awaySince: null };
    this.#places.set(reader, place);
    return place;
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
    if (this.#away > 0) return this.#servedAt + 2 * everyMs;
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
    const waiting = this.#queue.filter(({ isWaiting }) => isWaiting);
    const skipped = Math.round(waiting.length * shareSkipped);
    const places = [...waiting.slice(skipped), ...waiting.slice(0, skipped)];
    for (const place of places) place.isWaiting = false;
    this.#queue = [];
    this.#waiting = 0;
    this.#away = 0;
    this.#number++;
    for (const place of places) {
      this.#away++;
      place.awaySince = this.#number; // first: it may be back before it has answered
      if (!place.reader.serve(this.#wasDueAt)) this.#back(place);
    }
  }
}
