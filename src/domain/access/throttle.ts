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
  /** Makes the attempt and answers whether it succeeded; RateLimitError when too many have failed, or wait. */
  attempt(key: string, make: () => Promise<boolean>): Promise<boolean>;
}

interface Attempts {
  /** When they failed. */
  readonly failed: number[];
  /** Under way; each may fail yet, so together with the failed ones they are never more than the limit. */
  running: number;
  readonly waiting: (() => void)[];
}

const mostWaiting = 100;

/** At most `limit` failed attempts for each key in any `windowMs`; in memory, so per node. */
export function createThrottle(limit: number, windowMs: number, now: () => number = () => performance.now()): Throttle {
  const keys = new Map<string, Attempts>();
  let nextSweep = now() + windowMs;

  const forgetOld = ({ failed }: Attempts) => {
    while (failed[0] !== undefined && failed[0] <= now() - windowMs) failed.shift();
  };
  /** Keys are chosen by strangers: those without a recent failure go. */
  const sweep = () => {
    if (now() < nextSweep) return;
    nextSweep = now() + windowMs;
    for (const [key, attempts] of keys) {
      forgetOld(attempts);
      if (attempts.failed.length + attempts.running + attempts.waiting.length === 0) keys.delete(key);
    }
  };
  const refuseTooMany = (attempts: Attempts) => {
    forgetOld(attempts);
    const [oldest] = attempts.failed;
    if (attempts.failed.length < limit && attempts.waiting.length < mostWaiting) return;
    const seconds = oldest === undefined ? 1 : Math.max(1, Math.ceil((oldest + windowMs - now()) / 1000));
    throw new RateLimitError(`More than ${limit} failed attempts to sign in within a minute, or too many at once.`, limit, seconds);
  };

  return {
    async attempt(key, make) {
      sweep();
      const attempts = keys.get(key) ?? { failed: [], running: 0, waiting: [] };
      keys.set(key, attempts);
      refuseTooMany(attempts);
      while (attempts.failed.length + attempts.running >= limit) {
        await new Promise<void>((resolve) => attempts.waiting.push(resolve));
        refuseTooMany(attempts);
      }
      attempts.running++;
      try {
        const succeeded = await make();
        if (!succeeded) attempts.failed.push(now());
        return succeeded;
      } finally {
        attempts.running--;
        for (const wake of attempts.waiting.splice(0)) wake();
      }
    },
  };
}
