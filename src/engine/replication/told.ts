/** Groups that the log of changes tells of: what their cycles go by changes with an event. */
import type pg from "pg";

export interface Told {
  /** The log's newest position. */
  readonly newest: bigint;
  /** Null: it can't say, and any may have changed. */
  readonly groupIds: readonly string[] | null;
}

/** A log that has grown by more, while no gateway ran, is not worth being read for it. */
const mostPositions = 5_000;

/** A position before what is kept is of a gap, and one that is not reached yet of a database that has come back older. */
const text = `WITH log AS (
    SELECT value, coalesce($1::int8 BETWEEN kept_after AND value AND value - $1::int8 <= ${mostPositions}, false) AS known FROM event_counter WHERE id = 1
  )
  SELECT log.value::text AS newest, log.known, ARRAY(SELECT DISTINCT e.payload ->> 'id' FROM event e
    WHERE log.known AND e.position > $1::int8 AND e.position <= log.value AND e.recovery_id IS NULL AND e.kind = 'PROTECTION_GROUP_CHANGED') AS "groupIds"
  FROM log`;

/** `since`: up to where it was read before; null: it was not. */
export async function readTold(pool: Pick<pg.Pool, "query">, since: bigint | null): Promise<Told> {
  const { rows } = await pool.query<{ newest: string; known: boolean; groupIds: readonly string[] }>({
    name: "replication-told",
    text,
    values: [since?.toString() ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error("there is no log of changes");
  return { newest: BigInt(row.newest), groupIds: row.known ? row.groupIds : null };
}
