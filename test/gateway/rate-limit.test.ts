import fc from "fast-check";
import { expect, it } from "vitest";
import { networkOf } from "../../src/gateway/admission.ts";
import { createRateLimiter } from "../../src/gateway/rate-limit.ts";

it("admits as many as it may within any window, and refuses no other", () => {
  const arrivals = fc.array(fc.record({ afterMs: fc.nat(40), key: fc.constantFrom("a", "b") }), { maxLength: 80 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 5 }), (requests, limit) => {
      let now = 0;
      const limiter = createRateLimiter({ limit, windowMs: 100, now: () => now });
      const admitted: { at: number; key: string }[] = [];
      for (const { afterMs, key } of requests) {
        now += afterMs;
        const within = admitted.filter((one) => one.key === key && one.at > now - 100).length;
        expect(limiter.standing(key).remaining).toBe(limit - within);
        expect(limiter.take(key)).toBe(within < limit);
        if (within < limit) admitted.push({ at: now, key });
      }
    }),
  );
});

it("says when there is room for one more", () => {
  let now = 0;
  const limiter = createRateLimiter({ limit: 2, windowMs: 100, now: () => now });
  expect(limiter.standing("a")).toEqual({ limit: 2, remaining: 2, resetMs: 0 });
  limiter.take("a");
  now = 30;
  limiter.take("a");
  expect(limiter.standing("a")).toEqual({ limit: 2, remaining: 0, resetMs: 70 });
  expect(limiter.take("a")).toBe(false);
  now = 100;
  expect(limiter.take("a")).toBe(true);
  expect(limiter.take("a")).toBe(false);
});

it("forgets who was not seen for a window, and the least recent beyond its bound", () => {
  let now = 0;
  const limiter = createRateLimiter({ limit: 1, windowMs: 100, mostKeys: 50, now: () => now });
  for (let key = 0; key < 1_000; key++) limiter.take(`stranger ${key}`);
  expect(limiter.size()).toBe(50);
  expect([limiter.take("stranger 999"), limiter.take("stranger 0")]).toEqual([false, true]);
  now = 100;
  limiter.take("a");
  expect(limiter.size()).toBe(1);
});

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.0.0.7", "::ffff:10.0.0.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
])("takes %s for one of %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
