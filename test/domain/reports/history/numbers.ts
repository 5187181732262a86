/** Numbers that look like chance, and are the same each time. */
export type Chance = (below: number) => number;

export function numbers(seed: number): Chance {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
