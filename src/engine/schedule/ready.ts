/** Leaves that may start now, apart by the site whose slots they need: with thousands at a site that is full, the others are found at once. */
import { type StepNode, slotSite } from "../model.ts";
import { Ordinals } from "./ordinals.ts";

export class ReadyLeaves {
  readonly #nodes: readonly StepNode[];
  readonly #bySite = new Map<string | null, Ordinals>();
  #size = 0;

  constructor(nodes: readonly StepNode[]) {
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#size;
  }

  add(ordinal: number): void {
    const leaves = this.#at(ordinal);
    const before = leaves.size;
    leaves.add(ordinal);
    this.#size += leaves.size - before;
  }

  delete(ordinal: number): boolean {
    const isReady = this.#at(ordinal).delete(ordinal);
    if (isReady) this.#size--;
    return isReady;
  }

  /** In order of their ordinal: at most `most`, and of each site at most as many as it has slots; null: those that need none. */
  toArray(most: number, slots: (siteId: string | null) => number): number[] {
    const found = [...this.#bySite].flatMap(([siteId, leaves]) => leaves.toArray(Math.max(0, Math.min(most, slots(siteId)))));
    return found.sort((a, b) => a - b).slice(0, most);
  }

  #at(ordinal: number): Ordinals {
    const node = this.#nodes[ordinal - 1];
    const siteId = node ? slotSite(node) : null;
    let leaves = this.#bySite.get(siteId);
    if (!leaves) {
      leaves = new Ordinals(this.#nodes.length);
      this.#bySite.set(siteId, leaves);
    }
    return leaves;
  }
}
