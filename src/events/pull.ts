/**
 * Asking a source for its next value without a promise. Thousands of subscribers ask ten times a second, and what each of them waits with
 * outlives young collections: such promises cost more in being collected than in being made.
 */

/** Told once for each pull. Throws nothing. */
export interface Taker<Value> {
  take(value: Value): void;
  /** There is nothing any more. */
  end(): void;
  fail(error: unknown): void;
}

export interface Pullable<Value> {
  pull(taker: Taker<Value>): void;
}

/** From any iterator; one that can be pulled makes no promise for it. */
export function pull<Value>(source: AsyncIterator<Value>, taker: Taker<Value>): void {
  if (isPullable(source)) source.pull(taker);
  else
    source.next().then(
      (step) => (step.done ? taker.end() : taker.take(step.value)),
      (error: unknown) => taker.fail(error),
    );
}

const isPullable = <Value>(
  source: AsyncIterator<Value> | (AsyncIterator<Value> & Pullable<Value>),
): source is AsyncIterator<Value> & Pullable<Value> => "pull" in source;

/** One pull, as iterators are asked. */
export const pulled = <Value>(source: Pullable<Value>): Promise<IteratorResult<Value, undefined>> =>
  new Promise((resolve, reject) =>
    source.pull({ take: (value) => resolve({ done: false, value }), end: () => resolve({ done: true, value: undefined }), fail: reject }),
  );

/** Those who wait for their values, first come, first served. There is one, mostly, and a list of its own for each wait would outlive young collections. */
export class Takers<Value> {
  #first: Taker<Value> | null = null;
  readonly #others: Taker<Value>[] = [];

  get isEmpty(): boolean {
    return this.#first === null;
  }

  add(taker: Taker<Value>): void {
    if (this.#first === null) this.#first = taker;
    else this.#others.push(taker);
  }

  next(): Taker<Value> | null {
    const taker = this.#first;
    this.#first = this.#others.length === 0 ? null : (this.#others.shift() ?? null);
    return taker;
  }

  end(): void {
    for (let taker = this.next(); taker !== null; taker = this.next()) taker.end();
  }
}
