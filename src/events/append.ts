/**
 * Writing to the log. The counter row is what puts positions into commit order: whoever takes it holds it until its transaction
 * ends, so it is taken last, after every other row that the statement (or the transaction) may have to wait for.
 */
import type pg from "pg";
import { toJsonb } from "../database/json.ts";
import { promptEventKinds, type RecoveryEvent } from "./types.ts";
import type { WakeUps } from "./wake-ups.ts";

/** What is written with each event; readers of an older release know by it what they can't read. */
export const eventVersion = 1;

/** Events as the two arrays that the statement takes. */
export function eventArrays(events: readonly RecoveryEvent[]): { readonly kinds: string[]; readonly payloads: string[] } {
  return { kinds: events.map((event) => event.kind), payloads: events.map(toJsonb) };
}

/** Names of CTEs and parameters, all from the code and never from input. */
export interface EventCtes {
  /** CTE that has raised `recovery.last_event` by the number of events, and yields `id` and `base`, the number before. */
  readonly run: string;
  /** CTEs that have to be done before the counter is taken. */
  readonly after?: readonly string[];
  /** Parameters such as "$3": arrays of `eventArrays`, and optionally the events' time. */
  readonly kinds: string;
  readonly payloads: string;
}

/**
 * The end of a `WITH` list: CTE `counter` (yields `base`, the position before) and CTE `logged`, the insert. Without a row in
 * `run` (the writer was fenced) the counter stays as it is and nothing is logged.
 */
export function eventCtes({ run, after = [], kinds, payloads }: EventCtes): string {
  const done = after.map((cte) => ` AND (SELECT count(*) FROM ${cte}) >= 0`).join("");
  return `counter AS (
    UPDATE event_counter SET value = value + cardinality(${kinds}::text[])
    WHERE id = 1 AND EXISTS (SELECT 1 FROM ${run})${done}
    RETURNING value - cardinality(${kinds}::text[]) AS base
  ), logged AS (
    INSERT INTO event (position, recovery_id, sequence, kind, version, payload)
    SELECT counter.base + entry.ord, ${run}.id, ${run}.base + entry.ord, entry.kind, ${eventVersion}, entry.payload::jsonb
    FROM ${run}, counter, unnest(${kinds}::text[], ${payloads}::text[]) WITH ORDINALITY AS entry (kind, payload, ord)
  )`;
}

/** $1 recovery, $2 kinds, $3 payloads; one row with the newest sequence and position, or none: there is no such recovery. */
export const appendText = `WITH run AS (
    UPDATE recovery SET last_event = last_event + cardinality($2::text[]) WHERE id = $1::uuid
    RETURNING id, last_event - cardinality($2::text[]) AS base
  ), ${eventCtes({ run: "run", kinds: "$2", payloads: "$3" })}
  SELECT run.base + cardinality($2::text[]) AS sequence, (counter.base + cardinality($2::text[]))::text AS position FROM run, counter`;

/** What `appendText` takes, for writers whose transaction is not on a pg client (Prisma's `$queryRawUnsafe(appendText, ...values)`). */
export function appendValues(recoveryId: string, events: readonly RecoveryEvent[]): [string, string[], string[]] {
  const { kinds, payloads } = eventArrays(events);
  return [recoveryId, kinds, payloads];
}

export interface Appended {
  /** Number of the newest event within its recovery, and in the whole log. */
  readonly sequence: number;
  readonly position: bigint;
}

/**
 * For writers other than the journal. Inside a transaction: its last statement, and once only, since all writers of the log wait
 * for the counter until it commits. Afterwards `announce` tells the readers.
 */
export async function appendEvents(
  client: pg.ClientBase | pg.Pool,
  recoveryId: string,
  events: readonly RecoveryEvent[],
): Promise<Appended> {
  const values = appendValues(recoveryId, events);
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
