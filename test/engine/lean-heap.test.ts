import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leanly } from "../../src/engine/lean-heap.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("what large works have left is collected once, soon after the last of them has ended, however it did", async () => {
  const collect = vi.fn();
  const [one, other] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const first = leanly({ vms: Array(25_000) }, () => one.promise, collect);
  const second = leanly({ vms: Array(2_500) }, () => other.promise, collect);
  one.resolve("done");
  expect(await first).toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(collect).not.toHaveBeenCalled();
  other.reject(new Error("lost"));
  await expect(second).rejects.toThrow("lost");
  expect(collect).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(collect).toHaveBeenCalledOnce();
});

it("not between two of them that follow each other closely", async () => {
  const collect = vi.fn();
  const { promise, resolve } = Promise.withResolvers<void>();
  await leanly({ vms: Array(25_000) }, async () => {}, collect);
  const next = leanly({ vms: Array(25_000) }, () => promise, collect);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(collect).not.toHaveBeenCalled();
  resolve();
  await next;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(collect).toHaveBeenCalledOnce();
});

it("of a small run nothing is noticed", async () => {
  const collect = vi.fn();
  expect(await leanly({ vms: Array(500) }, async () => "done", collect)).toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(collect).not.toHaveBeenCalled();
});
