import { expect, it } from "vitest";
import { createThrottle, RateLimitError } from "../../src/domain/access/throttle.ts";

const fails = async () => false;
const succeeds = async () => true;

it("counts failures within a sliding window, says when to come back, and forgets", async () => {
  let now = 0;
  const throttle = createThrottle(2, 60_000, () => now);
  await throttle.attempt("a", fails);
  now = 10_000;
  await throttle.attempt("a", fails);
  now = 30_500;
  const refused = await throttle.attempt("a", succeeds).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RateLimitError);
  expect(refused).toMatchObject({ limit: 2, retryAfterSeconds: 30 });
  expect(await throttle.attempt("b", succeeds)).toBe(true);
  now = 60_000; // the first one is over
  expect(await throttle.attempt("a", fails)).toBe(false);
  await expect(throttle.attempt("a", succeeds)).rejects.toThrow(RateLimitError);
});

it("does not count what succeeds, nor what breaks", async () => {
  const throttle = createThrottle(1, 60_000, () => 0);
  for (let i = 0; i < 3; i++) await throttle.attempt("a", succeeds);
  await expect(throttle.attempt("a", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await throttle.attempt("a", fails)).toBe(false);
  await expect(throttle.attempt("a", succeeds)).rejects.toThrow(RateLimitError);
});

it("lets many right ones at once wait for each other, and refuses wrong ones beyond the limit", async () => {
  const throttle = createThrottle(2, 60_000, () => 0);
  expect(await Promise.all(Array.from({ length: 30 }, () => throttle.attempt("a", succeeds)))).toEqual(Array(30).fill(true));
  let made = 0;
  const wrong = () => Promise.resolve(made++ < 0);
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => throttle.attempt("b", wrong)));
  expect([made, outcomes.filter(({ status }) => status === "rejected").length]).toEqual([2, 28]);
});

it("lets no more than a hundred wait", async () => {
  const throttle = createThrottle(1, 60_000, () => 0);
  const outcomes = await Promise.allSettled(Array.from({ length: 150 }, () => throttle.attempt("a", succeeds)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(101);
});
