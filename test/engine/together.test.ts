/** Questions that share statements, without a database. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { together } from "../../src/engine/heartbeat/together.ts";

it("asks at once for what comes in one turn, and then for all that came meanwhile", async () => {
  const asked: (readonly number[])[] = [];
  const first = Promise.withResolvers<void>();
  const double = together(async (numbers: readonly number[]) => {
    asked.push(numbers);
    if (asked.length === 1) await first.promise;
    return numbers.map((number) => number * 2);
  });
  const early = [double(1), double(2)];
  await turn();
  const late = [double(3), double(4), double(5)];
  await turn();
  expect(asked).toEqual([[1, 2]]);
  first.resolve();
  expect(await Promise.all([...early, ...late])).toEqual([2, 4, 6, 8, 10]);
  expect(asked).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

it("fails only for the question that can't be asked", async () => {
  const root = together(async (numbers: readonly number[]) => {
    if (numbers.some((number) => number < 0)) throw new RangeError("no root");
    return numbers.map(Math.sqrt);
  });
  const answers = await Promise.allSettled([root(4), root(-1), root(9)]);
  expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "failed"))).toEqual([2, "failed", 3]);
});

it("does not ask one by one for what a database that is away can't answer", async () => {
  let asked = 0;
  const ask = together(async (): Promise<number[]> => {
    asked++;
    throw Object.assign(new Error("the server is stopping"), { code: "57P01" });
  });
  const answers = await Promise.allSettled([ask(1), ask(2), ask(3)]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(asked).toBe(1);
});
