/**
 * One POST to a webhook: to addresses that were checked after the name was resolved, within a time, without following a redirect and without
 * reading more of the answer than its status. node:https rather than fetch: the look-up is given with the request, and no proxy,
 * pool or redirect of the process stands in between.
 */
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { isAllowedAddress } from "./addresses.ts";
import { failure, type Outcome, sentenceOf } from "./outcome.ts";
import { type Address, allowedAddresses, hostOf, type Lookup, pinned } from "./resolve.ts";
import type { WebhookPolicy } from "./settings.ts";

export interface Times {
  /** For the name, the connection and TLS. */
  readonly connectMs: number;
  /** For all of it, from the name to the status. */
  readonly answerMs: number;
}

export const defaultTimes: Times = { connectMs: 5_000, answerMs: 10_000 };

export interface PostOptions {
  readonly policy: WebhookPolicy;
  readonly lookup: Lookup;
  readonly times: Times;
  readonly signal: AbortSignal;
}

/** Longest answer that is let through to its end; it is not looked at. */
const drainedBytes = 16_384;

/** Why nothing may be sent there; null: it may. */
export function urlProblem(text: string, { allowHttp, allowedNetworks }: WebhookPolicy): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || /[\s\p{Cc}\p{Cs}]/u.test(text)) return "This is no URL, such as https://hooks.example.com/dr.";
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:"))
    return allowHttp
      ? "It has to begin with https:// or http://."
      : "It has to begin with https://: WEBHOOK_ALLOW_HTTP would allow http:// too.";
  if (url.username !== "" || url.password !== "") return "User and password don't belong into it: what is sent is signed.";
  const host = hostOf(url);
  return isIP(host) !== 0 && !isAllowedAddress(host, allowedNetworks) ? notPublic(host) : null; // a name is looked up at each attempt
}

const notPublic = (host: string) => `${host} leads to an address that is not public: WEBHOOK_ALLOWED_NETWORKS can allow it.`;

export async function post(text: string, headers: Readonly<Record<string, string>>, body: string, options: PostOptions): Promise<Outcome> {
  const { policy, lookup, times, signal } = options;
  const problem = urlProblem(text, policy);
  if (problem !== null) return failure(problem);
  const url = new URL(text);
  const late = new AbortController();
  const slow = (ms: number, error: string) => setTimeout(() => late.abort(failure(error)), ms);
  const connecting = slow(times.connectMs, `There was no connection within ${times.connectMs / 1000} s.`);
  const answering = slow(times.answerMs, `There was no answer within ${times.answerMs / 1000} s.`);
  const ended = AbortSignal.any([signal, late.signal]);
  try {
    const addresses = await within(ended, allowedAddresses(hostOf(url), policy.allowedNetworks, lookup));
    if (addresses.length === 0) return failure(notPublic(url.hostname));
    return await send(url, headers, body, { addresses, ended, connected: () => clearTimeout(connecting) });
  } catch (error) {
    if (late.signal.aborted) return late.signal.reason;
    if (signal.aborted) return failure("The gateway stopped while it was sent.");
    return failure(sentenceOf(error instanceof Error && "code" in error ? error.code : null));
  } finally {
    clearTimeout(connecting);
    clearTimeout(answering);
  }
}

interface Sending {
  readonly addresses: readonly Address[];
  readonly ended: AbortSignal;
  connected(): void;
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { addresses, ended, connected }: Sending,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === "https:" ? https : http;
    const length = String(Buffer.byteLength(body));
    const sent = request(url, {
      method: "POST",
      headers: { ...headers, "content-length": length, connection: "close" },
      agent: false,
      lookup: pinned(addresses),
      signal: ended,
    });
    sent.on("socket", (socket) => socket.once(url.protocol === "https:" ? "secureConnect" : "connect", connected));
    let answer: Outcome | null = null;
    /** Once it has answered, how the rest of the answer ends means nothing. */
    const over = (error: Error) => (answer === null ? reject(error) : resolve(answer));
    sent.on("error", over);
    sent.on("close", () => over(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
    sent.on("response", (response) => {
      answer = outcomeOf(response);
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > drainedBytes) sent.destroy();
      });
      response.on("error", over);
    });
    sent.end(body);
  });
}

function outcomeOf({ statusCode = 0, headers }: http.IncomingMessage): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { delivered: true, status: statusCode };
  if (statusCode >= 300 && statusCode < 400)
    return failure(
      `It answered ${statusCode}, a redirect, which is not followed: give the webhook the address that it leads to.`,
      statusCode,
    );
  const asked = Number(headers["retry-after"]);
  return failure(`It answered ${statusCode}.`, statusCode, { retryAfterSeconds: Number.isFinite(asked) && asked > 0 ? asked : 0 });
}

/** A look-up can't be told to stop: it is left alone. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
