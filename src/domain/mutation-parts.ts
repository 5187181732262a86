/** What the mutations of every room have in common. */
import { type Caller, notSignedIn } from "./access/caller.ts";
import type { Viewer } from "./viewer.ts";

/** Options of the input field `idempotencyKey`. */
export const keyField = {
  description:
    "At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT.",
} as const;

/** Options of the input field `expectedVersion`. */
export const expectedVersion = {
  description:
    "The version that was read: another one now is CONFLICT with that version, and nothing is changed. Left out: whatever the version is.",
} as const;

/** Who does it; throws UnauthorizedError for nobody. */
export function actor({ viewer, refusal }: Pick<Caller, "viewer" | "refusal">): Viewer {
  if (viewer === null) throw refusal ?? notSignedIn();
  return viewer;
}

/** What a mutation has just written, for its payload. */
export async function written<Row>(row: Promise<Row | null>): Promise<Row> {
  const found = await row;
  if (found === null) throw new Error("What a mutation wrote was removed before it could be shown");
  return found;
}
