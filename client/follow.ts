/**
 * Follows a subscription of the gateway to its end, however often the connection breaks: `variables.after` moves on at each batch,
 * and the next connection resumes there, on any node. Runs in browsers and in Node.
 */
import { createClient } from "graphql-ws";
import {
  type Answer,
  credentials,
  type Delivery,
  defaultSilenceMs,
  FollowError,
  type Followed,
  type FollowOptions,
  refusal,
  resuming,
} from "./resume.ts";

export type { Delivery, Followed, FollowOptions } from "./resume.ts";
export { FollowError } from "./resume.ts";

export interface FollowSocketOptions<Batch extends Delivery> extends FollowOptions<Batch> {
  /** For runtimes without a global WebSocket, such as the package `ws`. */
  readonly webSocketImpl?: unknown;
}

/** Over WebSocket (graphql-ws). Resolves at the stream's end or when `signal` is aborted, rejects with a FollowError. */
export function follow<Batch extends Delivery>(options: FollowSocketOptions<Batch>): Promise<Followed> {
  const pingMs = (options.silenceMs ?? defaultSilenceMs) / 2;
  return resuming<Batch>(options, (variables, heard, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let [connected, over] = [false, false];
    let silence: ReturnType<typeof setTimeout> | undefined;
    const client = createClient({
      url: options.url,
      connectionParams: () => credentials(options),
      retryAttempts: 0, // `resuming` tries again, without end; with one kind of back-off for both transports
      connectionAckWaitTimeout: pingMs,
      keepAlive: pingMs, // a socket that a proxy or a sleeping laptop has lost stays open until somebody asks
      on: {
        connected: () => {
          connected = true;
        },
        ping: (received) => {
          if (!received) silence = setTimeout(() => client.terminate(), pingMs);
        },
        pong: (received) => {
          if (received) clearTimeout(silence);
        },
      },
      ...(options.webSocketImpl === undefined ? {} : { webSocketImpl: options.webSocketImpl }),
    });
    const next = (answer: Answer<Batch>): void => {
      if (over || signal.aborted) return; // several messages can arrive in one piece
      try {
        heard(answer);
      } catch (error) {
        over = true;
        reject(error);
      }
    };
    const request = { query: options.query, variables };
    const unsubscribe = client.subscribe<Record<string, Batch>>(request, {
      next,
      error: (cause) => reject(problem(cause)),
      complete: resolve,
    });
    const stop = () => resolve();
    signal.addEventListener("abort", stop, { once: true });
    return promise.finally(() => {
      over = true;
      signal.removeEventListener("abort", stop);
      clearTimeout(silence);
      unsubscribe();
      if (!connected) client.terminate();
    });
  });
}

/** Close codes that say the same each time; 4401 and 4403 may be cured by a newer token. */
const finalCodes: ReadonlyMap<unknown, string | null> = new Map([
  [4400, null],
  [4401, "UNAUTHORIZED"],
  [4403, "UNAUTHORIZED"],
  [4406, null],
]);

/** From what graphql-ws reports: the server's errors, a close event, or the socket's own error. */
function problem(cause: unknown): Error {
  if (Array.isArray(cause)) return refusal(cause);
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return new Error("The connection failed", { cause });
  const reason = "reason" in cause ? ` ${cause.reason}` : "";
  const code = finalCodes.get(cause.code);
  if (code === undefined) return new Error(`The connection was closed: ${cause.code}${reason}`, { cause });
  return new FollowError(`The gateway refused the connection: ${cause.code}${reason}`, code);
}
