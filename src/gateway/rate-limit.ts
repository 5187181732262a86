/** How many requests each client may make: at most so many in any minute, in memory, so per node. */

export interface Standing {
  readonly limit: number;
  readonly remaining: number;
  /** Until there is room for one more; 0 while nothing is used. */
  readonly resetMs: number;
}

export interface RateLimiter {
  /** Counts a request. False: it is one too many; those are not counted, so that waiting always helps. */
  take(key: string): boolean;
  standing(key: string): Standing;
  /** Keys with a request in the last minute. */
  size(): number;
}

export interface RateLimiterOptions {
  /** Within any window. */
  readonly limit: number;
  readonly windowMs?: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: (() => number) | undefined;
  /** Beyond so many, the least recently used is forgotten. At 100 requests each, 100,000 are some 100 MB. */
  readonly mostKeys?: number;
}

/** A sliding window over the times of the requests themselves: exact, and a burst is free again bit by bit as it came. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { limit, windowMs = 60_000, now = () => performance.now(), mostKeys = 100_000 } = options;
  /** Times of the counted requests, oldest first; keys by last use, the least recent first. */
  const keys = new Map<string, number[]>();

  const recent = (key: string): number[] => {
    const times = keys.get(key) ?? [];
    while (times[0] !== undefined && times[0] <= now() - windowMs) times.shift();
    return times;
  };
  const forgetOld = () => {
    for (const [key, times] of keys) {
      if (keys.size <= mostKeys && (times.at(-1) ?? 0) > now() - windowMs) return;
      keys.delete(key);
    }
  };

  return {
    take(key) {
      const times = recent(key);
      if (times.length >= limit) return false;
      times.push(now());
      keys.delete(key);
      keys.set(key, times);
      forgetOld();
      return true;
    },
    standing(key) {
      const times = recent(key);
      const [oldest] = times;
      return { limit, remaining: limit - times.length, resetMs: oldest === undefined ? 0 : oldest + windowMs - now() };
    },
    size: () => keys.size,
  };
}
