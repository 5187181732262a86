/** What following over WebSocket and over SSE have in common: where to resume, when to try again, when to give up. */

/** What each delivery of `recoveryEvents`, `promptEvents` and `events` has; the rest is what the query selects. */
export interface Delivery {
  readonly cursor: string;
}

export interface FollowOptions<Batch extends Delivery> {
  /** ws:// or wss:// for `follow`, http:// or https:// for `followSse`. */
  readonly url: string;
  /** One subscription with a variable `$after`, and one root field that selects `cursor`. */
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Cursor to start behind; without it where the subscription starts by itself. */
  readonly after?: string | null;
  /** The session token; a function is asked at each connection and can bring a newer one. */
  readonly token?: string | (() => string | Promise<string>);
  onBatch(batch: Batch): void;
  /** The connection broke; the next try comes after `waitMs`. */
  onReconnect?(cause: unknown, waitMs: number): void;
  readonly signal?: AbortSignal;
  /** A connection that says nothing for so long is given up; default 30 s (the gateway speaks at least every 12 s). */
  readonly silenceMs?: number;
}

export type Followed = "COMPLETED" | "ABORTED";

/** Trying again would not help: not signed in, a query that is wrong, a cursor that has expired. */
export class FollowError extends Error {
  override readonly name = "FollowError";
  /** The error's code, such as UNAUTHORIZED, where the gateway gave one. */
  readonly code: string | null;
  constructor(message: string, code: string | null) {
    super(message);
    this.code = code;
  }
}

export interface Answer<Batch> {
  readonly data?: Readonly<Record<string, Batch>> | null | undefined;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: unknown } }[] | undefined;
}

/** One connection: resolves when the stream is complete, rejects when it broke or `heard` threw, ends early on `signal`. */
export type Connect<Batch> = (
  variables: Record<string, unknown>,
  heard: (answer: Answer<Batch>) => void,
  signal: AbortSignal,
) => Promise<void>;

const transient: ReadonlySet<unknown> = new Set(["SERVICE_UNAVAILABLE", "INTERNAL_ERROR"]);
const longestWaitMs = 5_000;
export const defaultSilenceMs = 30_000;

export async function resuming<Batch extends Delivery>(options: FollowOptions<Batch>, connect: Connect<Batch>): Promise<Followed> {
  const signal = options.signal ?? new AbortController().signal;
  /** One object for all connections: whoever sends it again, resumes. */
  const variables: Record<string, unknown> = { ...options.variables, after: options.after ?? null };
  let failures = 0;
  let failedHere: { readonly error: unknown } | null = null;

  const heard = (answer: Answer<Batch>): void => {
    if (answer.errors !== undefined && answer.errors.length > 0) throw refusal(answer.errors);
    const batch = Object.values(answer.data ?? {})[0];
    if (batch === undefined) throw new FollowError("The answer has no batch with a cursor", null);
    failures = 0;
    try {
      options.onBatch(batch);
    } catch (error) {
      failedHere = { error };
      throw error;
    }
    variables.after = batch.cursor;
  };
  const isFinal = (error: unknown): boolean => {
    if (failedHere !== null) return true;
    if (!(error instanceof FollowError)) return false;
    return error.code !== "UNAUTHORIZED" || typeof options.token !== "function" || failures > 0; // a newer token may help, once
  };

  while (!signal.aborted) {
    try {
      await connect(variables, heard, signal);
      return signal.aborted ? "ABORTED" : "COMPLETED";
    } catch (error) {
      if (signal.aborted) break;
      if (isFinal(error)) throw error;
      const waitMs = Math.min(longestWaitMs, 100 * 2 ** failures++) * (0.5 + Math.random() / 2); // many clients, one restart: spread
      options.onReconnect?.(error, waitMs);
      await pause(waitMs, signal);
    }
  }
  return "ABORTED";
}

/** A FollowError when trying again is no use. */
export function refusal(errors: NonNullable<Answer<unknown>["errors"]>): Error {
  const [error] = errors;
  const code = error?.extensions?.code;
  if (transient.has(code)) return new Error(error?.message);
  return new FollowError(error?.message ?? "The subscription was refused", typeof code === "string" ? code : null);
}

/** Sent as headers of a request, or as connectionParams of a socket. */
export async function credentials({ token }: Pick<FollowOptions<Delivery>, "token">): Promise<Record<string, string>> {
  if (token === undefined) return {};
  return { "session-token": typeof token === "function" ? await token() : token };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
}
