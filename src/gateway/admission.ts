/** Who calls, and whether there is room for one more of its requests: the same for every transport. */
import { isIPv6 } from "node:net";
import type { Caller, RateLimit } from "../domain/access/caller.ts";
import type { Sessions } from "../domain/access/sessions.ts";
import { RateLimitError } from "../domain/access/throttle.ts";
import { UnauthorizedError } from "../domain/errors.ts";
import type { WireLimits } from "../domain/wire-limits.ts";
import { type Call, type Identified, identify } from "./call.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { Streams } from "./streams.ts";

export interface Admission {
  /** Counts the operation; throws RateLimitError when it is one too many. */
  admit(call: Call): Promise<Caller>;
  /** For an operation that was admitted: who gets its next event. Not counted. */
  recognise(call: Call): Promise<Identified>;
  /** Whom it has recognised, as operations see callers. */
  callerOf(call: Call, identified: Identified): Caller;
  /** Counts what failed before it came to be admitted, such as a syntax error. Answers the errors to tell instead, if any. */
  countFailed(call: Call): Promise<RateLimitError | null>;
}

export interface AdmissionOptions {
  readonly sessions: Pick<Sessions, "authenticate">;
  readonly limiter: RateLimiter;
  readonly streams: Pick<Streams, "open">;
  readonly wireLimits: WireLimits;
}

export function createAdmission({ sessions, limiter, streams, wireLimits }: AdmissionOptions): Admission {
  const count = (call: Call, sessionId: string | null): void => {
    const key = keyOf(call, sessionId);
    const admitted = limiter.take(key);
    const { limit, remaining, resetMs } = limiter.standing(key);
    const seconds = Math.ceil(resetMs / 1000);
    call.isCounted = true;
    call.setHeaders(headersOf(call.isControl ? "control" : "general", limit, remaining, seconds));
    if (!admitted) throw new RateLimitError(`More than ${limit} requests within a minute.`, limit, Math.max(1, seconds));
  };
  const rateLimitOf = (call: Call, sessionId: string | null): RateLimit => {
    const { limit, remaining, resetMs } = limiter.standing(keyOf(call, sessionId));
    return { limitPerMinute: limit, remaining, resetAt: new Date(Date.now() + resetMs) };
  };
  const standingOf = (call: Call, sessionId: string | null) => ({
    wireLimits,
    rateLimit: rateLimitOf(call, sessionId),
    openStreams: streams.open(whoOf(call, sessionId)),
  });
  const callerOf = (call: Call, { holds: _, ...identified }: Identified): Caller => ({
    ...identified,
    ...standingOf(call, identified.viewer?.sessionId ?? null),
  });
  const admit = async (call: Call): Promise<Caller> => {
    const caller = await identify(call, sessions).catch((error: unknown) => {
      if (error instanceof UnauthorizedError) count(call, null);
      throw error;
    });
    count(call, caller.viewer?.sessionId ?? null);
    return callerOf(call, caller);
  };
  return {
    admit,
    recognise: (call) => identify(call, sessions),
    callerOf,
    async countFailed(call) {
      if (call.isCounted) return null;
      try {
        await admit(call);
      } catch (error) {
        if (error instanceof RateLimitError) return error; // what else was wrong is told already
      }
      return null;
    },
  };
}

const keyOf = (call: Call, sessionId: string | null) => `${whoOf(call, sessionId)} ${call.isControl ? "control" : "general"}`;

/** Strangers, and those whose session is over, are counted by where they come from. */
export const whoOf = ({ address }: Pick<Call, "address">, sessionId: string | null): string =>
  sessionId ? `session ${sessionId}` : `network ${networkOf(address)}`;

/** A home has a whole /64 of IPv6, and could use another address for each request. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [start = "", end] = address.replace(/%.*/, "").split("::");
  const parts = (text: string) => text.split(":").filter(Boolean);
  const [head, tail] = [parts(start), parts(end ?? "")];
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

/**
 * Three fields of the IETF's draft up to version 6, which is what clients read, and the two of the newer ones. All speak of the budget that
 * this request was counted in, and of the time until there is room for one more.
 */
function headersOf(policy: string, limit: number, remaining: number, seconds: number): Record<string, string> {
  return {
    "ratelimit-limit": String(limit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(seconds),
    "ratelimit-policy": `"${policy}";q=${limit};w=60`,
    ratelimit: `"${policy}";r=${remaining};t=${seconds}`,
  };
}
