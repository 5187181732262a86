/** Statements that go out together in a transaction: one that fails fails all that are behind it, with an error that says nothing. */
import { codeOf } from "./errors.ts";

/** "Current transaction is aborted". */
const aborted = "25P02";

/**
 * As `Promise.all`; what it throws is why the first one failed, whichever of them is heard of first. Who retries, or tells a conflict, goes by
 * that.
 */
export async function together<T extends readonly unknown[] | []>(sent: T): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }> {
  try {
    return await Promise.all(sent);
  } catch (error) {
    if (codeOf(error) !== aborted) throw error;
    const causes = (await Promise.allSettled(sent)).flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    throw causes.find((cause) => codeOf(cause) !== aborted) ?? error;
  }
}
