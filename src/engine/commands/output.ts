/** Output of a program: bytes of two streams in, whole characters without secrets out, of which a bounded end is kept. */
import { type Redactor, redactor } from "../redact.ts";

/** Of stdout or stderr: characters that are split between two reads are kept whole, what is no UTF-8 becomes U+FFFD. */
export class TextStream {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #redactor: Redactor;

  constructor(secrets: readonly string[]) {
    this.#redactor = redactor(secrets);
  }

  push(bytes: Uint8Array): string {
    return this.#redactor.push(storable(this.#decoder.decode(bytes, { stream: true })));
  }

  end(): string {
    return this.#redactor.push(storable(this.#decoder.decode())) + this.#redactor.end();
  }
}

/** PostgreSQL's text holds no NUL. */
const storable = (text: string): string => text.replaceAll("\0", "\uFFFD");

export interface Piece {
  readonly text: string;
  /** Length in bytes of everything up to the end of this piece. */
  readonly totalBytes: number;
}

/** The newest `capacity` bytes of a text, cut between characters, and the length of all of it. */
export class TextWindow {
  readonly #capacity: number;
  #bytes: Buffer = Buffer.alloc(0);
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get totalBytes(): number {
    return this.#total;
  }

  append(text: string): void {
    const added = Buffer.from(text, "utf8");
    this.#total += added.length;
    const all = Buffer.concat([this.#bytes, added]);
    this.#bytes = all.length > this.#capacity ? Buffer.from(all.subarray(characterAtOrAfter(all, all.length - this.#capacity))) : all;
  }

  text(): string {
    return this.#bytes.toString("utf8");
  }

  /** Removes the oldest piece, of at most so many bytes. */
  take(bytes: number): Piece | null {
    if (this.#bytes.length === 0) return null;
    const end = this.#bytes.length <= bytes ? this.#bytes.length : characterAtOrBefore(this.#bytes, bytes);
    const text = this.#bytes.toString("utf8", 0, end);
    this.#bytes = this.#bytes.subarray(end);
    return { text, totalBytes: this.#total - this.#bytes.length };
  }
}

const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;

function characterAtOrAfter(bytes: Buffer, index: number): number {
  let at = index;
  while (continues(bytes[at])) at++;
  return at;
}

function characterAtOrBefore(bytes: Buffer, index: number): number {
  let at = index;
  while (continues(bytes[at])) at--;
  return at;
}
