/** What the sequences have come to: whether they reach what they are there for. */
import type { Model } from "./model.ts";

export class Tally {
  sequences = 0;
  #steps = 0;
  readonly #runs = new Map<string, number>();

  add({ look, played }: Model): void {
    this.sequences++;
    this.#steps += played.length;
    for (const { kind, resultState } of look.runs) {
      const name = `${kind} ${resultState}`;
      this.#runs.set(name, (this.#runs.get(name) ?? 0) + 1);
    }
  }

  told(): string {
    const runs = [...this.#runs].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `${count} ${name}`);
    return `${this.sequences} sequences, ${this.#steps} steps; ${runs.join(", ")}`;
  }
}
