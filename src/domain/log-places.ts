/** Where a subscription goes on: reads the cursor that a client sends as `after`. What is wrong with it is said as the API says it. */
import { CursorError, decodeLogCursor } from "../events/cursor.ts";
import type { Context } from "./context.ts";
import { InvalidRequestError, PreconditionFailedError } from "./errors.ts";
import { startsStream } from "./stream-starts.ts";

/** The argument's options; `otherwise` says what holds without it. */
export const afterArg = (otherwise: string) => ({
  description: `Only what comes behind this cursor: a delivery's, an event's, or the eventCursor of a query. ${otherwise}`,
  extensions: startsStream,
});

export function placeOf<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    if (error.reason === "CURSOR_EXPIRED") {
      throw new PreconditionFailedError("CURSOR_EXPIRED", error.message, "Read what you show again, and go on from the cursor beside it.");
    }
    throw new InvalidRequestError(error.message, [{ path: ["after"], message: error.message }]);
  }
}

/** Position in the log as a whole; null without a cursor: from now. */
export async function logPlace(
  after: string | null | undefined,
  { loaders, generation }: Pick<Context, "loaders" | "generation">,
): Promise<bigint | null> {
  if (!after) return null;
  const ends = await loaders.logEnds.load("log");
  return placeOf(() => decodeLogCursor(after, { generation, ...ends }));
}
