/** Distinct numbers in ascending order; cheap to add to and take from, also with thousands in it. */
export class SortedNumbers {
  readonly #values: number[] = [];

  add(value: number): void {
    const position = this.#positionOf(value);
    if (this.#values[position] !== value) this.#values.splice(position, 0, value);
  }

  delete(value: number): boolean {
    const position = this.#positionOf(value);
    if (this.#values[position] !== value) return false;
    this.#values.splice(position, 1);
    return true;
  }

  clear(): void {
    this.#values.length = 0;
  }

  /** A copy: the caller may change the original while it walks over it. */
  toArray(): number[] {
    return this.#values.slice();
  }

  #positionOf(value: number): number {
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#values[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
