/** One operation on its way through the gateway, by whatever transport it came. */
import { randomUUID } from "node:crypto";
import type { Caller } from "../domain/access/caller.ts";
import { DisagreeingTokensError, notSignedIn } from "../domain/access/caller.ts";
import type { SessionCheck } from "../domain/access/session-checks.ts";
import type { Sessions } from "../domain/access/sessions.ts";
import { UnauthorizedError } from "../domain/errors.ts";
import type { Credentials } from "./credentials.ts";
import type { Live } from "./live.ts";

export interface Call {
  readonly requestId: string;
  readonly transport: "http" | "websocket";
  readonly address: string;
  readonly credentials: Credentials;
  /** What the client's program calls itself. */
  readonly userAgent: string | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** By the monotonic clock. */
  readonly startedAt: number;
  /** The connection that this operation's deliveries go out on; asked for by subscriptions only. */
  readonly live: () => Live;
  /** For headers of the answer, where the transport has such a thing and they are not sent yet. */
  readonly setHeaders: (headers: Readonly<Record<string, string>>) => void;
  /** Known once it has been parsed. */
  operation: { readonly kind: string; readonly name: string | null } | null;
  /** Known once it has been validated: it has the operator's budget of requests. */
  isControl: boolean;
  /** It has been counted as a request. */
  isCounted: boolean;
  /** Known before it runs; null also where it does not. */
  cost: Cost | null;
  /** Its client wants to see the cost. */
  readonly showsCost: boolean;
  /** Known once it has been authenticated; a socket's from the start. */
  session: CallSession | null;
}

/** In fields of the answer. */
export interface Cost {
  readonly measured: number;
  readonly limit: number;
}

export interface CallSession {
  readonly id: string;
  readonly user: string;
  readonly remainingMs: number;
}

/** A client's id for a request is taken when it is safe to stand in headers and logs. */
export function requestIdOf(given: unknown): string {
  return typeof given === "string" && /^[A-Za-z0-9._:-]{1,64}$/.test(given) ? given : randomUUID();
}

export const userAgentOf = (headers: Readonly<Record<string, unknown>>): string | null =>
  headers["user-agent"] ? String(headers["user-agent"]).slice(0, 200) : null;

/** A caller without what is asked of others than its session. */
export interface Identified extends Omit<Caller, "rateLimit" | "wireLimits" | "openStreams"> {
  /** Whether all of this is still so; null: that can only be found by asking anew. */
  readonly holds: SessionCheck | null;
}

/**
 * Asks who calls, each time anew: at the operation's start and at each event of a subscription. Where a session was and is no more, its
 * connection ends.
 */
export async function identify(call: Call, sessions: Pick<Sessions, "authenticate">): Promise<Identified> {
  const { requestId, address, credentials } = call;
  const [token = null, another] = credentials.tokens;
  if (another !== undefined) throw new DisagreeingTokensError();
  const known = { requestId, address, token, basic: credentials.basic, onLagging: () => call.live().end("lagging"), holds: null };
  if (token === null) return { ...known, viewer: null, refusal: notSignedIn() };
  const found = await sessions.authenticate(token);
  if (found.state === "valid") {
    call.session = { id: found.viewer.sessionId, user: found.viewer.name, remainingMs: found.remainingMs };
    return { ...known, viewer: found.viewer, refusal: null, holds: found.holds ?? null };
  }
  const expiredAt = found.state === "expired" ? found.expiredAt : null;
  const message = expiredAt ? "The session has expired." : "The session token is unknown, or its session was deleted.";
  if (call.session) call.live().end(expiredAt ? "expired" : "deleted");
  return { ...known, viewer: null, refusal: found.refusal ?? new UnauthorizedError(message, expiredAt) };
}
