/**
 * Messages that end alike for many WebSockets: each is written as one frame (RFC 6455, 5.2) to its connection, whose start is its own and
 * whose end was put into bytes once. ws makes several objects and two writes of each. It writes nothing in parts and compresses nothing here,
 * so that frames of both stand whole one behind the other.
 */
import type { Duplex } from "node:stream";

export interface EndOfMessage {
  readonly bytes: Buffer;
  /** A character for each byte: as a part of a string it is copied to the kernel without becoming a buffer of its own. Null: it is long. */
  readonly short: string | null;
}

/** Longer ones are copied by nobody. */
const shortBytes = 8 * 1024;

export function endOfMessage(text: string): EndOfMessage {
  const bytes = Buffer.from(text);
  return { bytes, short: bytes.length > shortBytes ? null : bytes.toString("latin1") };
}

/** A character for each byte, too. */
export const startOfMessage = (text: string): string => Buffer.from(text).toString("latin1");

/** Calls `sent` when the kernel has it, at once if it takes it at once. */
export function writeMessage(
  connection: Duplex,
  start: string,
  { bytes, short }: EndOfMessage,
  sent: (error?: Error | null) => void,
): void {
  const head = headOfFrame(start.length + bytes.length);
  if (short !== null) connection.write(head + start + short, "latin1");
  else {
    connection.cork();
    connection.write(head + start, "latin1");
    connection.write(bytes);
    connection.uncork();
  }
  if (connection.writableLength === 0) sent();
  else connection.write("", sent); // behind it
}

/** A whole text message, unmasked. */
function headOfFrame(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length);
  if (length < 65_536) return String.fromCharCode(0x81, 126, length >>> 8, length & 255);
  const [high, low] = [Math.floor(length / 2 ** 32), length >>> 0];
  return String.fromCharCode(
    0x81,
    127,
    ...[high, low].flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]),
  );
}
