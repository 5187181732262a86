import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leanly } from "../../src/engine/lean-heap.ts";

let told: string[];
const heap = {
  growBy: (percent: number) => void told.push(`grow by ${percent}`),
  collect: () => void told.push("collect"),
};

beforeEach(() => {
  told = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it("the heap grows less during large works, and what they have left is collected soon after the last of them, however it ended", async () => {
  const [one, other] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const first = leanly({ vms: Array(25_000) }, () => one.promise, heap);
  const second = leanly({ vms: Array(2_500) }, () => other.promise, heap);
  expect(told).toEqual(["grow by 50"]);
  one.resolve("done");
  expect(await first).toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual(["grow by 50"]);
  other.reject(new Error("lost"));
  await expect(second).rejects.toThrow("lost");
  expect(told).toEqual(["grow by 50", "grow by 0"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual(["grow by 50", "grow by 0", "collect"]);
});

it("nothing is collected between two of them that follow each other closely", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await leanly({ vms: Array(25_000) }, async () => {}, heap);
  const next = leanly({ vms: Array(25_000) }, () => promise, heap);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).not.toContain("collect");
  resolve();
  await next;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.filter((what) => what === "collect")).toHaveLength(1);
});

it("of a small run nothing is noticed", async () => {
  expect(await leanly({ vms: Array(500) }, async () => "done", heap)).toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
});
