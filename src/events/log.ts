/** Reading the log: prepared statements, typed by hand. What was written by `append` is not checked again. */
import type pg from "pg";
import type { LoggedEvent, RecoveryEvent } from "./types.ts";

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
  payload: RecoveryEvent;
}

const columns = "position, recovery_id, sequence, occurred_at, version, payload";

const statements = {
  recovery: `SELECT ${columns} FROM event WHERE recovery_id = $1::uuid AND sequence > $2 ORDER BY sequence LIMIT $3`,
  newest: `SELECT ${columns} FROM event WHERE recovery_id = $1::uuid ORDER BY sequence DESC LIMIT $2`,
  // The counter is read in the same snapshot as the events, so that everything up to it has been seen.
  prompts: `SELECT c.value::text AS newest, e.* FROM event_counter c LEFT JOIN LATERAL (
      SELECT ${columns} FROM event
      WHERE position > $1 AND recovery_id IS NOT NULL AND kind IN ('PROMPT_OPENED', 'PROMPT_ANSWERED')
      ORDER BY position LIMIT $2
    ) e ON true WHERE c.id = 1 ORDER BY e.position`,
  last: "SELECT value::text AS newest FROM event_counter WHERE id = 1",
};

/** Events of one recovery behind `afterSequence`, in order. */
export async function readRecovery(pool: Queryable, recoveryId: string, afterSequence: number, limit: number): Promise<LoggedEvent[]> {
  const values = [recoveryId, afterSequence, limit];
  const { rows } = await pool.query<EventRow>({ name: "events_recovery", text: statements.recovery, values });
  return rows.map(logged);
}

/** The newest events of one recovery, in order. */
export async function readNewest(pool: Queryable, recoveryId: string, limit: number): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<EventRow>({ name: "events_newest", text: statements.newest, values: [recoveryId, limit] });
  return rows.map(logged).reverse();
}

export interface PromptPage {
  readonly events: readonly LoggedEvent[];
  /** Every prompt event up to this position has been read; where to go on. */
  readonly upTo: bigint;
}

/** Events of prompts across all recoveries behind `afterPosition`, in commit order. */
export async function readPrompts(pool: Queryable, afterPosition: bigint, limit: number): Promise<PromptPage> {
  const { rows } = await pool.query<{ newest: string } & (EventRow | { position: null })>({
    name: "events_prompts",
    text: statements.prompts,
    values: [String(afterPosition), limit],
  });
  const events: LoggedEvent[] = [];
  for (const row of rows) if (row.position !== null) events.push(logged(row));
  const newest = BigInt(rows[0]?.newest ?? 0);
  const last = events.at(-1);
  if (last !== undefined && events.length === limit) return { events, upTo: last.position };
  return { events, upTo: newest > afterPosition ? newest : afterPosition };
}

/** Position of the newest event in the whole log; 0: it is empty. */
export async function lastPosition(pool: Queryable): Promise<bigint> {
  const { rows } = await pool.query<{ newest: string }>({ name: "events_last", text: statements.last, values: [] });
  return BigInt(rows[0]?.newest ?? 0);
}

const logged = (row: EventRow): LoggedEvent => ({
  position: BigInt(row.position),
  recoveryId: row.recovery_id,
  sequence: row.sequence,
  occurredAt: row.occurred_at,
  version: row.version,
  event: row.payload,
});
