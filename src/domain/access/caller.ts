import { UnauthorizedError } from "../errors.ts";
import type { Viewer } from "../viewer.ts";
import type { WireLimits } from "../wire-limits.ts";

/** What one operation brings along: who asks, from where. The gateway makes it anew for each operation and each event. */
export interface Caller {
  readonly requestId: string;
  /** The peer's address, as the socket has it. */
  readonly address: string;
  /** Null: not signed in, and `refusal` says why. */
  readonly viewer: Viewer | null;
  readonly refusal: UnauthorizedError | null;
  /** The session token as it was sent, valid or not. */
  readonly token: string | null;
  /** User and password of a Basic header; only createSession looks at them. */
  readonly basic: SignIn | null;
  /** What is left of the requests that the session (without one: the address) may make. */
  readonly rateLimit: RateLimit;
  /** Subscriptions that the session (without one: the address) has open here. */
  readonly openStreams: number;
  /** What the gateway holds every operation to. */
  readonly wireLimits: WireLimits;
  /** For a feed's `onLagging`: ends the connection in a way that makes the client resume. */
  readonly onLagging: () => void;
}

export interface RateLimit {
  readonly limitPerMinute: number;
  readonly remaining: number;
  /** When there is room for one more; now or earlier while nothing is used. */
  readonly resetAt: Date;
}

export interface SignIn {
  readonly user: string;
  readonly password: string;
}

export interface SignedIn extends Caller {
  readonly viewer: Viewer;
}

/** For what only signed-in users may do. */
export function signedIn(caller: Caller): asserts caller is SignedIn {
  if (!caller.viewer) throw caller.refusal ?? notSignedIn();
}

export const notSignedIn = () => new UnauthorizedError("This needs a session.");

/** An unknown user is told the same. */
export class WrongPasswordError extends UnauthorizedError {
  override readonly remedy = "Check user and password, and try again.";
  constructor() {
    super("User and password do not match.");
  }
}

export class DisagreeingTokensError extends UnauthorizedError {
  override readonly remedy = "Send one token.";
  constructor() {
    super("The request carries several session tokens that disagree.");
  }
}
