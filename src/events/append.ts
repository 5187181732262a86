/**
 * Writing to the log. The counter row is what puts positions into commit order: whoever takes it holds it until its transaction
 * ends, so it is taken last, after every other row that the statement (or the transaction) may have to wait for.
 */
import type pg from "pg";
import { toJsonb } from "../database/json.ts";
import { insertedEvents } from "./chain.ts";
import { type Change, changeCtes, changesGiven } from "./changes.ts";
import { mostOfRow, promptEventKinds, type RecoveryEvent } from "./types.ts";
import type { WakeUps } from "./wake-ups.ts";

/** Rows of the log as the statement takes them: their kinds, their payloads a line each, which JSON never breaks, and at which of the events each ends. */
export interface EventArrays {
  readonly kinds: readonly string[];
  readonly payloads: string;
  readonly ends: readonly number[];
}

/** Of a run's events, and behind them of what has changed with it. */
export function eventArrays(events: readonly RecoveryEvent[], changes: readonly Change[] = []): EventArrays {
  const rows = [...rowsOf(events), ...changes.map((change) => [change])];
  let end = 0;
  return {
    kinds: rows.map(([{ kind }]) => kind),
    payloads: rows.map((row) => toJsonb(row.length === 1 ? row[0] : row)).join("\n"),
    ends: rows.map(({ length }) => (end += length)),
  };
}

function rowsOf(events: readonly RecoveryEvent[]): [RecoveryEvent, ...RecoveryEvent[]][] {
  const rows: [RecoveryEvent, ...RecoveryEvent[]][] = [];
  for (const event of events) {
    const row = rows.at(-1);
    if (row !== undefined && event.kind === "STEP_CHANGED" && row[0].kind === "STEP_CHANGED" && row.length < mostOfRow) row.push(event);
    else rows.push([event]);
  }
  return rows;
}

/** Names of CTEs and parameters, all from the code and never from input. */
export interface EventCtes {
  /** CTE that has raised `recovery.last_event` by the number of events, and yields `id` and `base`, the number before. */
  readonly run: string;
  /** CTEs that have to be done before the counter is taken. */
  readonly after?: readonly string[];
  /** Parameters such as "$3": how many events the run has, and what `eventArrays` yields. */
  readonly count: string;
  readonly kinds: string;
  readonly payloads: string;
  readonly ends: string;
  /** A SELECT of what else has changed with it, for `changeCtes`. */
  readonly changes?: string;
}

/**
 * The end of a `WITH` list: CTE `counter` (yields `base`, the position before) and CTE `logged`, the insert. Without a row in
 * `run` (the writer was fenced) the counter stays as it is and nothing is logged.
 */
export function eventCtes({ run, after = [], count, kinds, payloads, ends, changes }: EventCtes): string {
  const done = after.map((cte) => ` AND (SELECT count(*) FROM ${cte}) >= 0`).join("");
  const given = `coalesce((${ends}::int[])[cardinality(${ends}::int[])], 0)`;
  const all = changes === undefined ? given : `${given} + (SELECT count(*) FROM changed)`;
  const more = `UNION ALL SELECT counter.base + ${given} + changed.ord, NULL, NULL, changed.kind, changed.payload::json FROM changed, counter`;
  return `${changes === undefined ? "" : `${changeCtes(changes)}, `}counter AS (
    UPDATE event_counter SET value = value + ${all}
    WHERE id = 1 AND EXISTS (SELECT 1 FROM ${run})${done}
    RETURNING value - (${all}) AS base
  ), ${insertedEvents(`SELECT counter.base + e.place AS position, CASE WHEN e.place <= ${count} THEN ${run}.id END AS recovery_id,
      CASE WHEN e.place <= ${count} THEN ${run}.base + e.place END AS sequence, e.kind, e.payload::json AS payload
    FROM ${run}, counter, unnest(${kinds}::text[], string_to_array(${payloads}::text, E'\\n'), ${ends}::int[]) AS e (kind, payload, place)
    ${changes === undefined ? "" : more}`)}`;
}

/** $1 recovery, $2 number of events, $3 kinds, $4 payloads, $5 ends, $6 changes; the newest sequence and position, or no row: there is no such recovery. */
const appendText = `WITH run AS (
    UPDATE recovery SET last_event = last_event + $2::int WHERE id = $1::uuid RETURNING id, last_event - $2::int AS base
  ), ${eventCtes({ run: "run", count: "$2::int", kinds: "$3", payloads: "$4", ends: "$5", changes: changesGiven("$6") })}
  SELECT run.base + $2::int AS sequence, (counter.base + $2::int)::text AS position FROM run, counter`;

export interface Appended {
  /** Number of the newest event within its recovery, and in the whole log. */
  readonly sequence: number;
  readonly position: bigint;
}

/**
 * For writers other than the journal: events of a run, and what has changed with it. Inside a transaction: its last statement, and once
 * only, since all writers of the log wait for the counter until it commits. Afterwards `announce` tells the readers.
 */
export async function appendEvents(
  client: pg.ClientBase | pg.Pool,
  recoveryId: string,
  events: readonly RecoveryEvent[],
  changes: readonly Change[] = [],
): Promise<Appended> {
  const { kinds, payloads, ends } = eventArrays(events);
  const values = [recoveryId, events.length, kinds, payloads, ends, toJsonb(changes)];
  const { rows } = await client.query<{ sequence: number; position: string }>({ name: "events_append", text: appendText, values });
  const [row] = rows;
  if (row === undefined) throw new Error(`Events of the recovery ${recoveryId}, which does not exist`);
  return { sequence: row.sequence, position: BigInt(row.position) };
}

/** After the commit: readers on every node look. A hint only, it never fails. */
export function announce(wakeUps: WakeUps, recoveryId: string, events: readonly RecoveryEvent[]): void {
  wakeUps.hint("dr_events", recoveryId);
  if (events.some((event) => isPromptKind(event.kind))) wakeUps.hint("dr_events", promptsPayload);
}

/** Payload on 'dr_events' for readers of the prompts of all recoveries. */
export const promptsPayload = "prompts";

const promptKinds: ReadonlySet<string> = new Set(promptEventKinds);
const isPromptKind = (kind: string): boolean => promptKinds.has(kind);
