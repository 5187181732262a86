/**
 * Each row of events is hashed behind the one before it: a recovery's rows are one chain, all others another one. The hashes are made by the
 * statement that writes them, while it holds the counter.
 */
import { json, lineSql } from "../database/hash-chain.ts";
import { eventVersion, listVersion } from "./types.ts";

/** What is hashed of a row, of an alias with its columns. */
export const eventLine = (e: string): string =>
  lineSql({
    position: json.number(`${e}.position`),
    recovery: json.text(`${e}.recovery_id`),
    sequence: json.number(`${e}.sequence`),
    kind: json.text(`${e}.kind`),
    occurredAt: json.time(`${e}.occurred_at`),
    version: json.number(`${e}.version`),
    payload: json.number(`${e}.payload`),
  });

/** How many events a row has, the last of which has its position and sequence. */
export const countOf = (e: string): string =>
  `CASE WHEN json_typeof(${e}.payload) = 'array' THEN json_array_length(${e}.payload) ELSE 1 END`;

const versionOf = (payload: string): string => `CASE WHEN json_typeof(${payload}) = 'array' THEN ${listVersion} ELSE ${eventVersion} END`;

/**
 * The end of a `WITH` list: CTE `logged`, which inserts what a SELECT yields as position, recovery_id, sequence, kind and payload. It has to
 * read from the CTE that has taken the counter, so that the times are in the order of the positions.
 */
export const insertedEvents = (entries: string): string => `entry AS MATERIALIZED (
    SELECT x.position, x.recovery_id, x.sequence, x.kind, dr_now()::timestamptz(3) AS occurred_at, ${versionOf("x.payload")} AS version, x.payload FROM (${entries}) AS x
  ), logged AS (
    INSERT INTO event (position, recovery_id, sequence, kind, occurred_at, version, payload, hash)
    SELECT entry.*, dr_event_chain(entry.recovery_id, ${eventLine("entry")}) OVER (PARTITION BY entry.recovery_id ORDER BY entry.position)
    FROM entry
  )`;

/** The same for what CTE `changed` of `changeCtes` has, behind CTE `counter`. */
export const insertedChanges = insertedEvents(
  "SELECT counter.base + changed.ord AS position, NULL::uuid AS recovery_id, NULL::int AS sequence, changed.kind, changed.payload::json FROM changed, counter",
);
