/**
 * An effect at a site, from intent to result: ordered with its key, watched, tried again while its failure is transient. A call that
 * got no answer is asked about (observe) before it is made again with the same key; only a failure that is known gets a new attempt.
 */
import { type EffectKind, type EffectRequest, type Operation, type Provider, ProviderError } from "../providers/contract.ts";
import { isResultOf } from "./effect-results.ts";
import { LeaseLost, pause } from "./journal.ts";
import type { SiteRef } from "./model.ts";
import type { Enough, Poller } from "./poller.ts";
import type { EffectEnd, StepContext } from "./steps/kind.ts";

export interface RetryPolicy {
  /** Tries of one effect or question before it has failed. */
  readonly tries: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** 0 to 1: chance comes from outside, so that tests can replay it. */
  readonly random: () => number;
}

export const backOff = (policy: RetryPolicy, failures: number): number =>
  Math.min(policy.maxMs, policy.baseMs * 2 ** (failures - 1)) * (0.5 + policy.random() / 2);

export const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");

/** What a run's effects share: who owns it, how long a call may take, and the watch over what was ordered. */
export interface SiteCalls {
  readonly runId: string;
  readonly epoch: bigint;
  readonly retry: RetryPolicy;
  /** Longest an ordered operation may take. */
  readonly operationLimitMs: number;
  provider(site: SiteRef): Provider;
  /** Makes one call, which ends with the step, or at a deadline that is shorter than what is left of the lease. Waits while too little is left. */
  call<T>(signal: AbortSignal, ask: (deadline: AbortSignal) => Promise<T>): Promise<T>;
  /** Watches operations at a site by their keys. */
  operations(site: SiteRef): Poller<Operation>;
}

/** A failure that may pass, as words; throws what is no failure of the site. */
export function transientFailure(error: unknown, signal: AbortSignal, runId: string): string {
  if (signal.aborted) throw signal.reason;
  if (error instanceof ProviderError) {
    if (error.code === "STALE_EPOCH") throw new LeaseLost(runId);
    if (error.failure === "PERMANENT") throw error;
    return error.message;
  }
  if (isAbort(error)) return "the site did not answer in time";
  throw error;
}

/** Asks a site, and again while the failure is transient. */
export const askSite = <T>(
  calls: SiteCalls,
  site: SiteRef,
  signal: AbortSignal,
  question: (provider: Provider, signal: AbortSignal) => Promise<T>,
): Promise<T> => whileTransient(calls, site, signal, () => calls.call(signal, (deadline) => question(calls.provider(site), deadline)));

/** Asks again while the failure is transient. `ask` may be answered many times before it is over: each time it says so, the tries begin anew. */
export async function whileTransient<T>(
  calls: SiteCalls,
  site: SiteRef,
  signal: AbortSignal,
  ask: (answered: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0;
  const answered = () => {
    failures = 0;
  };
  for (;;) {
    try {
      return await ask(answered);
    } catch (error) {
      const message = transientFailure(error, signal, calls.runId);
      failures++;
      if (failures >= calls.retry.tries)
        throw new ProviderError("PERMANENT", "TIMED_OUT", `${site.siteName}: ${message} (${failures} tries)`);
      await pause(backOff(calls.retry, failures), signal);
    }
  }
}

type EffectContext = Pick<StepContext, "ordinal" | "attempt" | "resumed" | "signal" | "cancelled" | "record" | "progress">;

export async function performEffect<K extends EffectKind>(
  calls: SiteCalls,
  context: EffectContext,
  site: SiteRef,
  kind: K,
  request: EffectRequest<K>,
  secret?: string,
): Promise<EffectEnd<K>> {
  const { signal } = context;
  const key = () => `${calls.runId}:${context.ordinal}:${context.attempt()}`;
  let doubtful = context.resumed;
  for (let failures = 1; ; failures++) {
    let message: string;
    let known = false;
    try {
      const end = await orderAndWatch(calls, context, site, kind, request, key(), doubtful, secret);
      if (end.state === "SUCCEEDED") return { ok: true, result: end.result };
      if (end.failure === "PERMANENT" && !context.cancelled.aborted) return { ok: false, message: end.message };
      message = end.message;
      known = true;
    } catch (error) {
      if (error instanceof ProviderError && error.failure === "PERMANENT" && error.code !== "STALE_EPOCH")
        return { ok: false, message: error.message };
      message = transientFailure(error, signal, calls.runId);
    }
    // What is known not to have happened does not happen any more once the run is cancelled.
    if (known) context.cancelled.throwIfAborted();
    if (failures >= calls.retry.tries) return { ok: false, message: `${message} (given up after ${failures} tries)` };
    doubtful = !known;
    const retryInMs = backOff(calls.retry, failures);
    await context.record({ message: `Try ${failures} of ${calls.retry.tries}: ${message}; trying again`, nextAttempt: known, retryInMs });
    await pause(retryInMs, known ? AbortSignal.any([signal, context.cancelled]) : signal);
    await context.record({ retryInMs: null });
  }
}

/** One try: what is already under way under this key is watched, the rest is ordered. */
export async function orderAndWatch<K extends EffectKind>(
  calls: SiteCalls,
  context: Pick<StepContext, "signal" | "cancelled" | "progress">,
  site: SiteRef,
  kind: K,
  request: EffectRequest<K>,
  key: string,
  doubtful: boolean,
  secret?: string,
): Promise<Exclude<Operation<K>, { state: "RUNNING" }>> {
  const provider = calls.provider(site);
  const { runId, epoch } = calls;
  const call = <T>(ask: (deadline: AbortSignal) => Promise<T>) => calls.call(context.signal, ask);
  if (doubtful) await call((signal) => provider.observe(site.externalId, [key], { runId, epoch, signal }));
  const secretly = secret === undefined ? {} : { secret };
  // The same key again answers how far it is, so ordering what was observed is safe.
  let operation = await call((signal) => provider.order(site.externalId, kind, request, { key, runId, epoch, signal, ...secretly }));
  const end = performance.now() + calls.operationLimitMs;
  let asked = false;
  const isDue = () => performance.now() > end || (context.cancelled.aborted && !asked);
  const expectedMs = () => (operation.state === "RUNNING" && !asked ? operation.remainingMs : undefined);
  const watch: Enough<Operation> = {
    isEnough(next) {
      if (next?.state !== "RUNNING" || isDue()) return true;
      operation = next;
      context.progress(next.progressPercent);
      return false;
    },
    expectedMs,
  };
  while (operation.state === "RUNNING") {
    context.progress(operation.progressPercent);
    if (performance.now() > end) {
      const message = `it is not complete after ${Math.round(calls.operationLimitMs / 60_000)} minutes`;
      return { state: "FAILED", failure: "PERMANENT", code: "TIMED_OUT", message };
    }
    if (context.cancelled.aborted && !asked) {
      asked = true;
      await call((signal) => provider.cancel(site.externalId, key, { runId, epoch, signal }));
    }
    const next = await calls.operations(site).until(key, watch, expectedMs());
    if (next === undefined) throw new ProviderError("TRANSIENT", "BUSY", "the site no longer knows the operation");
    if (next.state !== "SUCCEEDED") operation = next;
    else if (isResultOf(kind, next.result)) operation = { state: "SUCCEEDED", result: next.result };
    else operation = await call((signal) => provider.order(site.externalId, kind, request, { key, runId, epoch, signal }));
  }
  return operation;
}
