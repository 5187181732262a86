/** Work in pieces: the same at once as in turns, and in turns nothing else waits for it. */
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compile, compiling } from "../../src/engine/compile.ts";
import { atOnce, inPieces, inTurns, type Pieces } from "../../src/engine/pieces.ts";
import { turns } from "../../src/jobs/turns.ts";
import { aPlan } from "./support/plans.ts";

const spent = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

it("lets others have their turn between pieces that take long, and answers when all are done", async () => {
  const order: string[] = [];
  function* work(): Pieces<string> {
    for (const name of ["first", "second", "third"]) {
      order.push(name);
      spent(10);
      yield;
    }
    return "done";
  }
  setImmediate(() => order.push("another"));
  expect(await inTurns(work())).toBe("done");
  expect(order).toEqual(["first", "another", "second", "third"]);
  order.length = 0;
  setImmediate(() => order.push("another"));
  expect(atOnce(work())).toBe("done");
  expect(order).toEqual(["first", "second", "third"]);
});

it("takes as short turns as it is told, and tells how long they were", async () => {
  function* work(): Pieces<void> {
    for (let piece = 0; piece < 4; piece++) {
      spent(5);
      yield;
    }
  }
  const turnsOf = async (turnMs: number) => {
    const took: number[] = [];
    await inTurns(work(), { turnMs, onTurn: (ms) => took.push(ms) });
    expect(took.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(20);
    return took.length;
  };
  expect(await turnsOf(1)).toBe(5); // the last one finds that it is over
  expect(await turnsOf(60_000)).toBe(1);
});

describe("after each piece that took long", () => {
  const order: string[] = [];
  function* work(): Pieces<void> {
    order.push("long");
    spent(60);
    yield;
    order.push("short");
    yield;
    order.push("last");
  }
  beforeEach(() => {
    order.length = 0;
    vi.spyOn(turns, "next").mockImplementation(async () => void order.push("turn"));
  });
  afterEach(() => void vi.restoreAllMocks());

  it("waits for its turn", async () => {
    await inTurns(work(), { turnMs: 50 });
    expect(order).toEqual(["long", "turn", "short", "last"]);
  });

  it("lets others go on, and gives way to nobody, where somebody waits for it", async () => {
    const done = inTurns(work(), { turnMs: 50, forAnswer: true });
    order.push("others");
    await done;
    expect(order).toEqual(["long", "others", "short", "last"]);
  });
});

it("fails with what the work throws", async () => {
  const work = function* (): Pieces<void> {
    yield;
    throw new RangeError("no such step");
  };
  await expect(inTurns(work())).rejects.toThrow("no such step");
});

it("pauses after every so many entries of a list", () => {
  const seen: number[] = [];
  const pieces = inPieces([1, 2, 3, 4, 5], (entry) => seen.push(entry), 2);
  pieces.next();
  expect(seen).toEqual([1, 2]);
  pieces.next();
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(pieces.next().done).toBe(true);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

it("makes the tree of thousands of VMs in pieces of a few of them", async () => {
  const names = Array.from({ length: 3_000 }, (_, at) => `vm-${at}`);
  const snapshot = aPlan()
    .group(...names)
    .build();
  let pieces = 0;
  const work = compiling(snapshot);
  while (!work.next().done) pieces++;
  expect(pieces, "ten machines a piece at most").toBeGreaterThan(names.length / 10);
  expect(isDeepStrictEqual(await inTurns(compiling(snapshot)), compile(snapshot))).toBe(true);
});
