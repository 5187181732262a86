import fc from "fast-check";

/** Choices of one case, all from its seed. */
export interface Chance {
  /** 0 to `below` - 1. */
  int(below: number): number;
  /** True so often, 0 to 1. */
  often(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Between `least` and `most` of them, in an order of its own. */
  some<T>(from: readonly T[], least: number, most: number): T[];
}

/** The same seed gives the same cases; each has its own choices, however many others draw. */
export function chances(seed: number, cases: number): Chance[] {
  return fc.sample(fc.infiniteStream(fc.nat()), { seed, numRuns: cases }).map((naturals) => {
    const int = (below: number) => Number(naturals.next().value) % Math.max(1, below);
    const chance: Chance = {
      int,
      often: (share) => int(1_000) < share * 1_000,
      pick: (from) => {
        const picked = from[int(from.length)];
        if (picked === undefined) throw new Error("there is nothing to pick from");
        return picked;
      },
      some: (from, least, most) => {
        const left = [...from];
        const count = Math.min(left.length, least + int(most - least + 1));
        return Array.from({ length: count }, () => left.splice(int(left.length), 1)).flat();
      },
    };
    return chance;
  });
}
