import { expect, it } from "vitest";
import { leanly } from "../../src/engine/lean-heap.ts";

it("the heap grows less while large runs are driven, and as ever when the last of them has ended, however it does", async () => {
  const set: number[] = [];
  const [one, other] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const first = leanly(
    { vms: Array(25_000) },
    () => one.promise,
    (percent) => set.push(percent),
  );
  const second = leanly(
    { vms: Array(2_500) },
    () => other.promise,
    (percent) => set.push(percent),
  );
  expect(set).toEqual([100]);
  one.resolve("done");
  expect(await first).toBe("done");
  expect(set).toEqual([100]);
  other.reject(new Error("lost"));
  await expect(second).rejects.toThrow("lost");
  expect(set).toEqual([100, 0]);
});

it("of a small run nothing is noticed", async () => {
  const set: number[] = [];
  expect(
    await leanly(
      { vms: Array(500) },
      async () => "done",
      (percent) => set.push(percent),
    ),
  ).toBe("done");
  expect(set).toEqual([]);
});
