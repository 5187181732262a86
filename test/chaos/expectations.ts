import { expect } from "vitest";
import type { Told } from "./story.ts";

/** Each event number once and without a gap, in each run and in the whole log; each key one effect. */
export function expectNothingLostOrDoubled(told: Told): void {
  for (const sequence of told.sequences) expect(sequence).toEqual(sequence.map((_, index) => index + 1));
  const positions = [...told.positions].sort((a, b) => (a < b ? -1 : 1));
  expect(positions).toEqual(positions.map((_, index) => BigInt(index + 1)));
  expect(new Set(told.keys).size).toBe(told.keys.length);
}
