/** What a shared reader reads: one recovery by sequence, or the prompts of all by position. A place is either number as a bigint. */
import { encodeLogCursor, encodeRecoveryCursor } from "./cursor.ts";
import { lastPosition, type Queryable, readNewest, readPrompts, readRecovery } from "./log.ts";
import type { LoggedEvent } from "./types.ts";

/** All events behind `from`, up to and with `upTo`. */
export interface Page {
  readonly events: readonly LoggedEvent[];
  readonly from: bigint;
  readonly upTo: bigint;
  /** There may be more: it was as long as asked. */
  readonly full: boolean;
}

export interface Source {
  /** Where a shared reader starts: with what is newest. */
  newest(limit: number): Promise<Page>;
  after(place: bigint, limit: number): Promise<Page>;
  placeOf(event: LoggedEvent): bigint;
  cursor(place: bigint): string;
}

export function recoverySource(pool: Queryable, recoveryId: string, generation: () => number): Source {
  const placeOf = (event: LoggedEvent) => BigInt(event.sequence);
  return {
    placeOf,
    cursor: (place) => encodeRecoveryCursor({ generation: generation(), recoveryId, sequence: Number(place) }),
    async newest(limit) {
      const events = await readNewest(pool, recoveryId, limit);
      const [first] = events;
      const from = first === undefined ? 0n : placeOf(first) - 1n;
      return { events, from, upTo: from + BigInt(events.length), full: false };
    },
    async after(place, limit) {
      const events = await readRecovery(pool, recoveryId, Number(place), limit);
      const last = events.at(-1);
      return { events, from: place, upTo: last === undefined ? place : placeOf(last), full: events.length === limit };
    },
  };
}

export function promptSource(pool: Queryable, generation: () => number): Source {
  return {
    placeOf: (event) => event.position,
    cursor: (position) => encodeLogCursor({ generation: generation(), position }),
    async newest() {
      const position = await lastPosition(pool);
      return { events: [], from: position, upTo: position, full: false };
    },
    async after(place, limit) {
      const { events, upTo } = await readPrompts(pool, place, limit);
      return { events, from: place, upTo, full: events.length === limit };
    },
  };
}
