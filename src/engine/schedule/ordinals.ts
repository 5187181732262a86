/** Distinct ordinals in ascending order, one bit each: with thousands in it, adding and taking cost what they cost with one. */
export class Ordinals {
  readonly #words: Uint32Array;
  /** No word before this one has a bit. */
  #low = 0;
  #size = 0;

  /** `highest`: no ordinal is above it. */
  constructor(highest: number) {
    this.#words = new Uint32Array((highest >> 5) + 1);
  }

  get size(): number {
    return this.#size;
  }

  has(value: number): boolean {
    return ((this.#words[value >> 5] ?? 0) & (1 << (value & 31))) !== 0;
  }

  add(value: number): void {
    if (this.has(value)) return;
    const word = value >> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (value & 31));
    this.#size++;
    if (word < this.#low) this.#low = word;
  }

  delete(value: number): boolean {
    if (!this.has(value)) return false;
    const word = value >> 5;
    this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (value & 31));
    this.#size--;
    return true;
  }

  first(): number | null {
    return this.toArray(1)[0] ?? null;
  }

  /** A copy of the lowest of them: the caller may change the original while it walks over it. */
  toArray(most: number = this.#size): number[] {
    const found: number[] = [];
    const wanted = Math.min(most, this.#size);
    while (this.#size > 0 && this.#words[this.#low] === 0) this.#low++;
    for (let word = this.#low; found.length < wanted; word++) {
      for (let bits = this.#words[word] ?? 0; bits !== 0 && found.length < wanted; bits &= bits - 1) {
        found.push(word * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    return found;
  }
}
