/** What is found in a chain of hashes, link by link. Pure: what was read comes in, findings go out. */
import { beginning, linkOf } from "./hash-chain.ts";

/**
 * What is wrong at a place. CHANGED: what stands there, or its place, is not what the hash was made of. MISSING: something is gone.
 * UNEXPECTED: something stands where nothing was written. NOT_CHAINED: it has no hash. OTHER_HEAD: the hash that was kept is nowhere in it.
 */
export const findingKinds = ["CHANGED", "MISSING", "UNEXPECTED", "NOT_CHAINED", "OTHER_HEAD"] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** Number within its recovery, of an event; within the audit log's chain, of a record; null: of neither. */
  readonly number: bigint | null;
  /** Position in the whole log, of an event. */
  readonly position: bigint | null;
  readonly recordId: string | null;
  /** For people: where, and what differs. */
  readonly message: string;
}

/** How many findings are told; the others are counted. */
const mostTold = 20;

export interface ChainReport {
  /** How many there were in the links that were looked at. */
  readonly verified: number;
  /** Hexadecimal; null: there is nothing in the chain. */
  readonly headHash: string | null;
  /** The first ones, in order. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
}

export interface Link {
  /** The previous one's number plus `count`, or something is missing; null: this chain has no numbers. */
  readonly number: bigint | null;
  /** How many things it holds, of which the last one has the number; one by default. */
  readonly count?: number;
  /** Null: what was hashed is gone, and was told of. */
  readonly digest: Buffer | null;
  /** As it stands there. */
  readonly hash: Buffer | null;
}

export interface ChainOptions {
  /** A hash that has to be in the chain. */
  readonly kept?: string | null;
  /** What its first link follows. */
  readonly previous?: Buffer;
  /** Retention has removed its beginning, and a hash that was kept for longer is in it no more. */
  readonly removesOld?: boolean;
}

export class ChainCheck {
  #previous: Buffer | null;
  #number = 0n;
  #verified = 0;
  #head: Buffer | null = null;
  #keptSeen = false;
  readonly #kept: string | null;
  readonly #removesOld: boolean;
  readonly #told: Finding[] = [];
  #count = 0;

  constructor({ kept = null, previous = beginning, removesOld = false }: ChainOptions = {}) {
    this.#removesOld = removesOld;
    this.#kept = kept;
    this.#previous = previous;
    this.#keptSeen = kept === previous.toString("hex");
  }

  /** Looks at the next one; `name` says what it is, such as "event 7". */
  next(link: Link, at: Pick<Finding, "position" | "recordId">, name: (number: bigint) => string): void {
    const { number, count = 1, digest, hash } = link;
    const place = { ...at, number };
    const before = number === null ? null : number - BigInt(count);
    if (before !== null && before > this.#number) this.missing(this.#number + 1n, before, name);
    if (number !== null && before !== null && before < this.#number) {
      this.add({ ...place, kind: "UNEXPECTED", message: `${name(number)} is there once more.` });
      return;
    }
    const subject = name(number ?? at.position ?? 0n);
    if (hash === null) this.add({ ...place, kind: "NOT_CHAINED", message: `${subject} has no hash.` });
    else if (this.#previous !== null && digest !== null && !linkOf(this.#previous, digest).equals(hash))
      this.add({ ...place, kind: "CHANGED", message: `${subject}, or the hash before it, is not what its hash was made of.` });
    if (number !== null) this.#number = number;
    this.#verified += count;
    this.#previous = hash;
    if (hash === null) return;
    this.#head = hash;
    this.#keptSeen ||= hash.toString("hex") === this.#kept;
  }

  /** From and to with both, by number or by position; what comes behind is not held against them. */
  missing(from: bigint, to: bigint, name: (number: bigint) => string, by: "number" | "position" = "number"): void {
    const message = from === to ? `${name(from)} is missing.` : `${name(from)} and all up to ${to} are missing.`;
    this.add({ kind: "MISSING", number: null, position: null, recordId: null, [by]: from, message });
    this.#previous = null;
  }

  add(finding: Finding): void {
    this.#count += 1;
    if (this.#told.length < mostTold) this.#told.push(finding);
  }

  /** `expected`: how many there are by what is written elsewhere. */
  end(expected: bigint | null, name: (number: bigint) => string): ChainReport {
    if (expected !== null && expected > this.#number) this.missing(this.#number + 1n, expected, name);
    const expired = this.#removesOld
      ? " Or the hash is older than what retention keeps: heads of this chain hold for EVENT_RETENTION_DAYS."
      : "";
    if (this.#kept !== null && !this.#keptSeen)
      this.add({
        kind: "OTHER_HEAD",
        number: null,
        position: null,
        recordId: null,
        message: `The hash ${this.#kept} that was kept is nowhere in the chain: it was cut off behind an earlier place, or written anew.${expired}`,
      });
    return {
      verified: this.#verified,
      headHash: this.#head?.toString("hex") ?? null,
      findings: this.#told,
      findingCount: this.#count,
    };
  }
}
