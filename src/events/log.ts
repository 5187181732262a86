/** Reading the log: prepared statements, typed by hand. What was written by `append` is not checked again. */
import type pg from "pg";
import type { Change, LoggedChange } from "./changes.ts";
import { type LoggedEvent, mostOfRow, type RecoveryEvent } from "./types.ts";

/** The pool, or what stands in for it in a test. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

interface EventRow {
  position: string;
  recovery_id: string;
  sequence: number;
  occurred_at: Date;
  version: number;
  /** A list: of events that were written together, of which the last one has the row's position and sequence. */
  payload: RecoveryEvent | readonly RecoveryEvent[];
}

interface ChangeRow {
  position: string;
  occurred_at: Date;
  version: number;
  payload: Change;
}

const columns = "position, recovery_id, sequence, occurred_at, version, payload";

/** The counter is read in the same snapshot as the events, so that everything up to it has been seen. */
function ofLog(events: string): string {
  return `SELECT c.value::text AS newest, e.* FROM event_counter c LEFT JOIN LATERAL (${events}) e ON true WHERE c.id = 1 ORDER BY e.position`;
}

/** Of a recovery the rows that have what is asked for, and no more than that takes: by the last event of each, and there are no gaps. */
const statements = {
  recovery: `SELECT ${columns} FROM event
    WHERE recovery_id = $1::uuid AND sequence > $2::int AND sequence < $2::int + $3::int + ${mostOfRow} ORDER BY sequence LIMIT $3::int`,
  newest: `SELECT ${columns} FROM event
    WHERE recovery_id = $1::uuid AND sequence > (SELECT last_event FROM recovery WHERE id = $1::uuid) - $2::int ORDER BY sequence`,
  prompts: ofLog(`SELECT ${columns} FROM event
    WHERE position > $1 AND recovery_id IS NOT NULL AND kind IN ('PROMPT_OPENED', 'PROMPT_ANSWERED') ORDER BY position LIMIT $2`),
  changes: ofLog(
    "SELECT position, occurred_at, version, payload FROM event WHERE position > $1 AND recovery_id IS NULL ORDER BY position LIMIT $2",
  ),
  last: 'SELECT value::text AS newest, kept_after::text AS "keptAfter" FROM event_counter WHERE id = 1',
};

/** Events of one recovery behind `afterSequence`, in order. */
export async function readRecovery(pool: Queryable, recoveryId: string, afterSequence: number, limit: number): Promise<LoggedEvent[]> {
  const values = [recoveryId, afterSequence, limit];
  const { rows } = await pool.query<EventRow>({ name: "events_recovery", text: statements.recovery, values });
  const events = rows.flatMap(eventsOf);
  const first = events.findIndex(({ sequence }) => sequence > afterSequence);
  return first < 0 ? [] : events.slice(first, first + limit);
}

/** The newest events of one recovery, in order. */
export async function readNewest(pool: Queryable, recoveryId: string, limit: number): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<EventRow>({ name: "events_newest", text: statements.newest, values: [recoveryId, limit] });
  return rows.flatMap(eventsOf).slice(-limit);
}

export interface LogPage<Entry> {
  readonly entries: readonly Entry[];
  /** Everything up to this position has been read; where to go on. */
  readonly upTo: bigint;
}

/** Events of prompts across all recoveries behind a position, in commit order. */
export const readPrompts = (pool: Queryable, after: bigint, limit: number): Promise<LogPage<LoggedEvent>> =>
  readLog<EventRow, LoggedEvent>(pool, { name: "events_prompts", text: statements.prompts, values: [String(after), limit] }, eventsOf);

/** What changed beside the runs behind a position, in commit order. */
export const readChanges = (pool: Queryable, after: bigint, limit: number): Promise<LogPage<LoggedChange>> =>
  readLog<ChangeRow, LoggedChange>(pool, { name: "events_changes", text: statements.changes, values: [String(after), limit] }, changeOf);

/** A statement of `ofLog`: its values are the position and the limit, of rows with one entry each. */
async function readLog<Row extends { position: string }, Entry extends { readonly position: bigint }>(
  pool: Queryable,
  statement: { readonly name: string; readonly text: string; readonly values: [string, number] },
  entriesOf: (row: Row) => readonly Entry[],
): Promise<LogPage<Entry>> {
  const { rows } = await pool.query<{ newest: string } & (Row | { position: null })>(statement);
  const [after, limit] = [BigInt(statement.values[0]), statement.values[1]];
  const entries = rows.filter((row) => row.position !== null).flatMap(entriesOf);
  const newest = BigInt(rows[0]?.newest ?? 0);
  const last = entries.at(-1);
  if (last !== undefined && entries.length === limit) return { entries, upTo: last.position };
  return { entries, upTo: newest > after ? newest : after };
}

/** What of the log a cursor can lead to. */
export interface LogEnds {
  /** Position of the newest event in the whole log; 0: it is empty. */
  readonly newest: bigint;
  /** Everything behind this position is still there. */
  readonly keptAfter: bigint;
}

export async function readEnds(pool: Queryable): Promise<LogEnds> {
  const { rows } = await pool.query<{ newest: string; keptAfter: string }>({ name: "events_last", text: statements.last, values: [] });
  return { newest: BigInt(rows[0]?.newest ?? 0), keptAfter: BigInt(rows[0]?.keptAfter ?? 0) };
}

function eventsOf({ position, recovery_id: recoveryId, sequence, occurred_at: occurredAt, version, payload }: EventRow): LoggedEvent[] {
  const events = isList(payload) ? payload : [payload];
  return events.map((event, at) => {
    const before = events.length - 1 - at;
    return { position: BigInt(position) - BigInt(before), recoveryId, sequence: sequence - before, occurredAt, version, event };
  });
}

const isList = (payload: EventRow["payload"]): payload is readonly RecoveryEvent[] => Array.isArray(payload);

const changeOf = (row: ChangeRow): [LoggedChange] => [
  { position: BigInt(row.position), occurredAt: row.occurred_at, version: row.version, change: row.payload },
];
