import { expect, it } from "vitest";
import { createPace } from "../../src/jobs/pace.ts";

/** A clock that only work and rest move on. */
function aClock() {
  let at = 0;
  const rests: number[] = [];
  return {
    rests,
    pass: async (ms: number) => {
      at += ms;
    },
    clock: { now: () => at, sleep: async (ms: number) => void rests.push(ms) },
  };
}

it("rests four times as long as it worked, of all that was worked since the last rest", async () => {
  const { rests, pass, clock } = aClock();
  const pace = createPace(4, clock);
  await pace.work(() => pass(10));
  await pace.work(() => pass(5));
  await pace.rest(undefined);
  await pace.rest(undefined);
  expect(rests).toEqual([60, 0]);
});

it("counts works that overlap once, and rests by another measure where it is told to", async () => {
  const { rests, pass, clock } = aClock();
  const pace = createPace(4, clock);
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const both = [pace.work(() => first.promise), pace.work(() => second.promise)];
  await pass(10);
  first.resolve();
  await both[0];
  await pass(5);
  second.resolve();
  await both[1];
  await pass(1_000);
  await pace.rest(undefined, 1);
  expect(rests).toEqual([15]);
});

it("counts work that fails, and rests a minute at most", async () => {
  const { rests, pass, clock } = aClock();
  const pace = createPace(9, clock);
  await expect(pace.work(() => pass(3_600_000).then(() => Promise.reject(new Error("away"))))).rejects.toThrow("away");
  await pace.rest(undefined);
  expect(rests).toEqual([60_000]);
});

it("rests for what goes on beside it too, as long as that took; that rests for itself alone", async () => {
  const { rests, pass, clock } = aClock();
  const pace = createPace(4, clock);
  const beside = pace.beside(1);
  await beside.work(() => pass(10));
  await pace.work(() => pass(5));
  await beside.rest(undefined);
  await pace.rest(undefined);
  await pace.rest(undefined);
  expect(rests).toEqual([10, 4 * 5 + 10, 0]);
});

it("comes round as often as before beside work that takes half of the time for ever", async () => {
  const { rests, pass, clock } = aClock();
  const pace = createPace(4, clock);
  const beside = pace.beside(1);
  for (let round = 0; round < 20; round++) {
    await pace.work(() => pass(10));
    await beside.work(() => pass((rests.at(-1) ?? 0) / 2)); // during the last rest
    await pace.rest(undefined);
  }
  expect(rests.at(0)).toBe(40);
  expect(rests.at(-1)).toBeCloseTo(80, 1);
});
