/**
 * What a shared reader reads: one recovery by sequence, or by position the prompts or the changes of the whole log. A place is either
 * number as a bigint.
 */
import type { LoggedChange } from "./changes.ts";
import { encodeLogCursor, encodeRecoveryCursor } from "./cursor.ts";
import { type LogPage, type Queryable, readChanges, readEnds, readNewest, readPrompts, readRecovery } from "./log.ts";
import type { LoggedEvent } from "./types.ts";

/** All entries behind `from`, up to and with `upTo`. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly from: bigint;
  readonly upTo: bigint;
  /** There may be more: it was as long as asked. */
  readonly full: boolean;
}

export interface Source<Entry> {
  /** Where a shared reader starts: with what is newest. */
  newest(limit: number): Promise<Page<Entry>>;
  after(place: bigint, limit: number): Promise<Page<Entry>>;
  placeOf(entry: Entry): bigint;
  cursor(place: bigint): string;
  /** Characters of commands' output in it, which have a bound of their own. */
  charsOf(entry: Entry): number;
  /** Nothing comes behind it. */
  isLast(entry: Entry): boolean;
}

export function recoverySource(pool: Queryable, recoveryId: string, generation: () => number): Source<LoggedEvent> {
  const placeOf = (event: LoggedEvent) => BigInt(event.sequence);
  return {
    placeOf,
    cursor: (place) => encodeRecoveryCursor({ generation: generation(), recoveryId, sequence: Number(place) }),
    charsOf: ({ event }) => (event.kind === "COMMAND_OUTPUT" ? event.text.length : 0),
    isLast: ({ event }) => event.kind === "RECOVERY_ENDED",
    async newest(limit) {
      const entries = await readNewest(pool, recoveryId, limit);
      const [first] = entries;
      const from = first === undefined ? 0n : placeOf(first) - 1n;
      return { entries, from, upTo: from + BigInt(entries.length), full: false };
    },
    async after(place, limit) {
      const entries = await readRecovery(pool, recoveryId, Number(place), limit);
      const last = entries.at(-1);
      return { entries, from: place, upTo: last === undefined ? place : placeOf(last), full: entries.length === limit };
    },
  };
}

type ReadLog<Entry> = (pool: Queryable, place: bigint, limit: number) => Promise<LogPage<Entry>>;

function logSource<Entry extends { readonly position: bigint }>(
  pool: Queryable,
  generation: () => number,
  read: ReadLog<Entry>,
): Source<Entry> {
  return {
    placeOf: ({ position }) => position,
    cursor: (position) => encodeLogCursor({ generation: generation(), position }),
    charsOf: () => 0,
    isLast: () => false,
    async newest() {
      const { newest } = await readEnds(pool);
      return { entries: [], from: newest, upTo: newest, full: false };
    },
    async after(place, limit) {
      const { entries, upTo } = await read(pool, place, limit);
      return { entries, from: place, upTo, full: entries.length === limit };
    },
  };
}

export const promptSource = (pool: Queryable, generation: () => number): Source<LoggedEvent> => logSource(pool, generation, readPrompts);
export const changeSource = (pool: Queryable, generation: () => number): Source<LoggedChange> => logSource(pool, generation, readChanges);
