import { describe, expect, it } from "vitest";
import { type Taker, Takers } from "../../src/events/pull.ts";

/** Takers that note what they are told. */
function waiting(...names: string[]) {
  const told: string[] = [];
  const takers = new Takers<string>();
  for (const name of names) {
    const taker: Taker<string> = {
      take: (value) => void told.push(`${name} ${value}`),
      end: () => void told.push(`${name} ends`),
      fail: () => {},
    };
    takers.add(taker);
  }
  return { takers, told };
}

describe("takers that wait", () => {
  it("come one after the other, and behind those that were there before", () => {
    const { takers, told } = waiting("first", "second", "third");
    takers.next()?.take("a");
    takers.add({ take: (value) => void told.push(`fourth ${value}`), end: () => {}, fail: () => {} });
    for (const value of ["b", "c", "d"]) takers.next()?.take(value);
    expect(told).toEqual(["first a", "second b", "third c", "fourth d"]);
    expect([takers.isEmpty, takers.next()]).toEqual([true, null]);
  });

  it("are all told of the end", () => {
    const { takers, told } = waiting("first", "second");
    expect(takers.isEmpty).toBe(false);
    takers.end();
    takers.end();
    expect(told).toEqual(["first ends", "second ends"]);
    expect(takers.isEmpty).toBe(true);
  });
});
