/** Entries with a key each: the one with the lowest key comes out first, equal keys in order of their values. Neither changes while it is in here. */
export interface Entry {
  readonly key: number;
  readonly value: number;
}

export class Heap<E extends Entry = Entry> {
  readonly #entries: E[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get firstKey(): number | undefined {
    return this.#entries[0]?.key;
  }

  /** All of them, in no order. */
  get entries(): readonly E[] {
    return this.#entries;
  }

  push(entry: E): void {
    let position = this.#entries.push(entry) - 1;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#entries[above];
      if (!parent || !comesFirst(entry, parent)) break;
      this.#entries[position] = parent;
      position = above;
    }
    this.#entries[position] = entry;
  }

  pop(): E | undefined {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (!first || !last || this.#entries.length === 0) return first;
    let position = 0;
    for (;;) {
      let below = 2 * position + 1;
      const left = this.#entries[below];
      const right = this.#entries[below + 1];
      if (right && left && comesFirst(right, left)) below++;
      const child = this.#entries[below];
      if (!child || !comesFirst(child, last)) break;
      this.#entries[position] = child;
      position = below;
    }
    this.#entries[position] = last;
    return first;
  }
}

const comesFirst = (a: Entry, b: Entry): boolean => a.key < b.key || (a.key === b.key && a.value < b.value);
