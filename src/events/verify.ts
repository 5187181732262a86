/** Proves of a log that nothing in it was changed or left out, page by page, in one snapshot of the database. */
import type pg from "pg";
import { ChainCheck, type ChainReport } from "../database/chain-check.ts";
import { beginning, digestOf } from "../database/hash-chain.ts";
import { countOf, eventLine } from "./chain.ts";

/** A connection inside a transaction that sees one snapshot. */
export type Snapshot = Pick<pg.ClientBase, "query">;

/** Rows that are held at once. */
export const pageSize = 1_000;

/** A row of the log: an event, or several that were written together. */
export interface ChainedRow {
  /** Of its last event. */
  readonly position: string;
  readonly sequence: number;
  /** How many events it has. */
  readonly count: number;
  readonly kind: string;
  readonly line: string;
  readonly hash: Buffer | null;
}

/** Between two numbers: without statistics, of a log that grew just now, the planner would sort all that is behind the first one for each page. */
const eventsText = `SELECT e.position, e.sequence, ${countOf("e")} AS count, e.kind, ${eventLine("e")} AS line, e.hash FROM event e
  WHERE e.recovery_id = $1::uuid AND e.sequence > $2::bigint AND e.sequence <= $3::bigint ORDER BY e.sequence`;

const nextText = "SELECT min(e.sequence) AS sequence FROM event e WHERE e.recovery_id = $1::uuid AND e.sequence > $2::bigint";

/** What a verification is held to. */
export interface VerifyOptions {
  /** A hash that has to be in the chain. */
  readonly kept?: string | null;
  /** Looked at before each page. */
  readonly signal?: AbortSignal;
}

/** Events of one recovery in order, with what was hashed of each, a page at a time. */
export async function* chainedEvents(client: Snapshot, recoveryId: string, signal?: AbortSignal): AsyncGenerator<readonly ChainedRow[]> {
  for (let after = 0; ; after += pageSize) {
    signal?.throwIfAborted();
    const upTo = after + pageSize;
    const { rows } = await client.query<ChainedRow>({ name: "verify-events", text: eventsText, values: [recoveryId, after, upTo] });
    if (rows.length > 0) yield rows;
    if (rows.length === pageSize) continue;
    // The end, or a gap.
    const { rows: next } = await client.query<{ sequence: number | null }>({
      name: "verify-next",
      text: nextText,
      values: [recoveryId, upTo],
    });
    const sequence = next[0]?.sequence ?? null;
    if (sequence === null) return;
    after = sequence - 1 - pageSize;
  }
}

const eventName = (number: bigint): string => `Event ${number} of the recovery`;

/** Null: there is no such recovery, nor any event of it. */
export async function verifyRecoveryEvents(
  client: Snapshot,
  recoveryId: string,
  { kept = null, signal }: VerifyOptions = {},
): Promise<ChainReport | null> {
  const { rows } = await client.query<{ lastEvent: number; ended: boolean }>({
    name: "verify-recovery",
    text: `SELECT last_event AS "lastEvent", ended_at IS NOT NULL AS ended FROM recovery WHERE id = $1::uuid`,
    values: [recoveryId],
  });
  const [recovery] = rows;
  const check = new ChainCheck({ kept });
  let newest: ChainedRow | null = null;
  for await (const page of chainedEvents(client, recoveryId, signal))
    for (const row of page) {
      const at = { position: BigInt(row.position), recordId: null };
      const number = BigInt(row.sequence);
      check.next({ number, count: row.count, digest: digestOf(row.line), hash: row.hash }, at, eventName);
      if (recovery !== undefined && row.sequence > recovery.lastEvent)
        check.add({
          ...at,
          number,
          kind: "UNEXPECTED",
          message: `${eventName(number)} was not counted by its run, which has ${recovery.lastEvent}.`,
        });
      newest = row;
    }
  if (recovery === undefined && newest === null) return null;
  const nowhere = { position: null, recordId: null, number: null };
  if (recovery === undefined) check.add({ ...nowhere, kind: "MISSING", message: "The recovery that these events belong to is missing." });
  if (recovery?.ended && newest !== null && newest.kind !== "RECOVERY_ENDED")
    check.add({ ...nowhere, kind: "MISSING", message: "The run has ended, and its last event does not say so." });
  return check.end(recovery === undefined ? null : BigInt(recovery.lastEvent), eventName);
}

interface LogRow {
  readonly position: string;
  readonly count: number;
  readonly line: string | null;
  readonly hash: Buffer | null;
}

const logText = `SELECT e.position, ${countOf("e")} AS count, CASE WHEN e.recovery_id IS NULL THEN ${eventLine("e")} END AS line,
    CASE WHEN e.recovery_id IS NULL THEN e.hash END AS hash
  FROM event e WHERE e.position > $1::bigint ORDER BY e.position LIMIT ${pageSize}`;

const logName = (position: bigint): string => `The event at position ${position}`;

/** The log as a whole: that no position is missing but those that retention has removed, and the chain of the events outside of runs. */
export async function verifyLog(client: Snapshot, { kept = null, signal }: VerifyOptions = {}): Promise<ChainReport> {
  const { rows } = await client.query<{ value: string; count: string; upTo: string; hash: Buffer | null }>({
    name: "verify-counter",
    text: `SELECT value, removed_count AS count, removed_position AS "upTo", removed_hash AS hash FROM event_counter WHERE id = 1`,
    values: [],
  });
  const [counter] = rows;
  if (counter === undefined) throw new Error("The log's counter is missing");
  const check = new ChainCheck({ kept, previous: counter.hash ?? beginning, removesOld: counter.hash !== null });
  const [value, upTo] = [BigInt(counter.value), BigInt(counter.upTo)];
  let last = 0n;
  let gone = 0n;
  const pass = (to: bigint): void => {
    const old = (to < upTo ? to : upTo) - last;
    if (old > 0n) gone += old;
    const from = last > upTo ? last + 1n : upTo + 1n;
    if (to >= from) check.missing(from, to, logName, "position");
  };
  for await (const page of pagesByPosition<LogRow>(client, { name: "verify-log", text: logText }, signal))
    for (const { position: text, count, line, hash } of page) {
      const position = BigInt(text);
      pass(position - BigInt(count));
      last = position;
      const at = { position, recordId: null };
      const unexpected = position > value || (line !== null && position <= upTo);
      if (unexpected) check.add({ ...at, number: null, kind: "UNEXPECTED", message: `${logName(position)} was not written by the log.` });
      else if (line !== null) check.next({ number: null, digest: digestOf(line), hash }, at, logName);
    }
  pass(value);
  if (gone !== BigInt(counter.count))
    check.add({
      kind: gone > BigInt(counter.count) ? "MISSING" : "UNEXPECTED",
      number: null,
      position: upTo,
      recordId: null,
      message: `Up to position ${upTo} there are ${gone} events gone, and retention has removed ${counter.count}.`,
    });
  return check.end(null, logName);
}

/** Of a statement that yields `pageSize` rows at most behind the position $1, in their order. */
export async function* pagesByPosition<R extends { readonly position: string }>(
  client: Snapshot,
  statement: { readonly name: string; readonly text: string },
  signal?: AbortSignal,
): AsyncGenerator<readonly R[]> {
  for (let after = "0"; ; ) {
    signal?.throwIfAborted();
    const { rows } = await client.query<R>({ ...statement, values: [after] });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.position;
  }
}
