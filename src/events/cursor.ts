/**
 * Places in the log that clients keep. Opaque to them: a version, the kind, the database's generation and the place, in base64url.
 * A cursor of one recovery and one of the log as a whole are different things, and one is refused where the other is asked for.
 */
export type CursorProblem =
  /** Not a cursor, or a cursor of the other kind. */
  | "INVALID"
  /** A cursor of another recovery. */
  | "OTHER_STREAM"
  /** Made before the database was restored or promoted, older than what is kept, or beyond the end. */
  | "CURSOR_EXPIRED";

const messages: Record<CursorProblem, string> = {
  INVALID: "This is not a cursor of this stream.",
  OTHER_STREAM: "This cursor belongs to another recovery.",
  CURSOR_EXPIRED: "This cursor no longer leads to a place in the log.",
};

export class CursorError extends Error {
  override readonly name = "CursorError";
  readonly reason: CursorProblem;
  constructor(reason: CursorProblem) {
    super(messages[reason]);
    this.reason = reason;
  }
}

/** Longest cursor that is looked at; ours are under 90 characters. */
const maxLength = 128;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const number = /^(0|[1-9][0-9]{0,18})$/;

export function encodeRecoveryCursor(at: { readonly generation: number; readonly recoveryId: string; readonly sequence: number }): string {
  return encode(["1", "r", String(at.generation), at.recoveryId, String(at.sequence)]);
}

export function encodeLogCursor(at: { readonly generation: number; readonly position: bigint }): string {
  return encode(["1", "l", String(at.generation), String(at.position)]);
}

/** The sequence number that the cursor stands behind. `newest`: the recovery's newest event, where it is known. */
export function decodeRecoveryCursor(
  text: string,
  expected: { readonly recoveryId: string; readonly generation: number; readonly newest?: number },
): number {
  const [generation, recoveryId, sequence, ...rest] = decode(text, "r");
  if (recoveryId === undefined || !uuid.test(recoveryId) || rest.length > 0) throw new CursorError("INVALID");
  const place = Number(numeric(sequence));
  const made = numeric(generation);
  if (!Number.isSafeInteger(place)) throw new CursorError("INVALID");
  if (recoveryId !== expected.recoveryId) throw new CursorError("OTHER_STREAM");
  if (made !== BigInt(expected.generation)) throw new CursorError("CURSOR_EXPIRED");
  if (expected.newest !== undefined && place > expected.newest) throw new CursorError("CURSOR_EXPIRED");
  return place;
}

/** The position in the whole log that the cursor stands behind. `keptAfter`: everything after this position is still there. */
export function decodeLogCursor(
  text: string,
  expected: { readonly generation: number; readonly keptAfter?: bigint; readonly newest?: bigint },
): bigint {
  const [generation, position, ...rest] = decode(text, "l");
  if (rest.length > 0) throw new CursorError("INVALID");
  const place = numeric(position);
  if (numeric(generation) !== BigInt(expected.generation)) throw new CursorError("CURSOR_EXPIRED");
  if (expected.keptAfter !== undefined && place < expected.keptAfter) throw new CursorError("CURSOR_EXPIRED");
  if (expected.newest !== undefined && place > expected.newest) throw new CursorError("CURSOR_EXPIRED");
  return place;
}

const encode = (parts: readonly string[]): string => Buffer.from(parts.join("."), "latin1").toString("base64url");

/** The parts behind version and kind. */
function decode(text: string, kind: "r" | "l"): string[] {
  if (text.length > maxLength) throw new CursorError("INVALID");
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new CursorError("INVALID"); // Buffer skips what it doesn't know
  const [version, found, ...parts] = bytes.toString("latin1").split(".");
  if (version !== "1" || found !== kind) throw new CursorError("INVALID");
  return parts;
}

function numeric(text: string | undefined): bigint {
  if (text === undefined || !number.test(text)) throw new CursorError("INVALID");
  return BigInt(text);
}
