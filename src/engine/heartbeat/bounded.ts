import type { HeartbeatSettings } from "./settings.ts";

/** A question to a site that is given up before the next one is due, also by a provider that does not heed its signal. */
export async function bounded<T>(
  { everySeconds }: HeartbeatSettings,
  stop: AbortSignal,
  question: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(everySeconds * 800)]);
  const givenUp = new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  return Promise.race([question(signal), givenUp]);
}
