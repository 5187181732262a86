import { DomainError } from "../errors.ts";

/** More requests than a limit allows; always top-level, HTTP 429. */
export class RateLimitError extends DomainError {
  readonly code = "SERVICE_UNAVAILABLE";
  readonly limit: number;
  readonly retryAfterSeconds: number;
  constructor(message: string, limit: number, retryAfterSeconds: number) {
    super(message, `Try again in ${retryAfterSeconds} s.`);
    this.limit = limit;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Throttle {
  /** Counts an attempt or throws RateLimitError. The answer takes it back, for an attempt that succeeded. */
  attempt(key: string): () => void;
}

/** At most `limit` attempts for each key in any `windowMs`; in memory, so per node. */
export function createThrottle(limit: number, windowMs: number, now: () => number = () => performance.now()): Throttle {
  const attempts = new Map<string, Set<{ readonly at: number }>>();
  let nextSweep = now() + windowMs;

  const forgetOld = (key: string) => {
    const made = attempts.get(key);
    for (const attempt of made ?? []) if (attempt.at <= now() - windowMs) made?.delete(attempt);
    if (made?.size === 0) attempts.delete(key);
  };
  /** Keys are chosen by strangers: those without a recent attempt go. */
  const sweep = () => {
    if (now() < nextSweep) return;
    nextSweep = now() + windowMs;
    for (const key of attempts.keys()) forgetOld(key);
  };

  return {
    attempt(key) {
      sweep();
      forgetOld(key);
      const made = attempts.get(key) ?? new Set();
      const [oldest] = made;
      if (oldest && made.size >= limit) {
        const seconds = Math.max(1, Math.ceil((oldest.at + windowMs - now()) / 1000));
        throw new RateLimitError(`More than ${limit} failed attempts to sign in within a minute.`, limit, seconds);
      }
      const attempt = { at: now() };
      attempts.set(key, made.add(attempt));
      return () => {
        made.delete(attempt);
        if (made.size === 0) attempts.delete(key);
      };
    },
  };
}
