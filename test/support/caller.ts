import type { Caller } from "../../src/domain/access/caller.ts";
import type { Viewer } from "../../src/domain/viewer.ts";
import { limits } from "../../src/gateway/limits.ts";

/** What the gateway hands over with an operation, for tests that have none; null: nobody is signed in. */
export const aCaller = (viewer: Viewer | null, given: Partial<Caller> = {}): Caller => ({
  requestId: "test",
  address: "127.0.0.1",
  viewer,
  refusal: null,
  token: null,
  basic: null,
  rateLimit: { limitPerMinute: 100, remaining: 99, resetAt: new Date() },
  openStreams: 0,
  wireLimits: { ...limits, cost: 250_000, streamsPerSession: 100 },
  onLagging: () => {},
  ...given,
});
