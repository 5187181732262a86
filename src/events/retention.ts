/**
 * Events that nobody can resume behind any more. A run's own events stay as long as the run; all others go when they are older than
 * retention: first cursors from before them expire, and an hour later they are removed, so that whoever was reading there has gone on. The
 * counter's row says how many have gone and which hash was the last one's: the chain goes on from there.
 */
import type pg from "pg";

type Queryable = Pick<pg.Pool, "query">;

const graceSeconds = 3_600;
const chunk = 5_000;

/** The newest position with only old changes up to it. $1 seconds. */
const oldText = `SELECT COALESCE(
    (SELECT position - 1 FROM event WHERE recovery_id IS NULL AND occurred_at >= dr_now() - make_interval(secs => $1) ORDER BY position LIMIT 1),
    (SELECT max(position) FROM event WHERE recovery_id IS NULL))::text AS position`;
const expireText = "UPDATE event_counter SET kept_after = $1::bigint WHERE id = 1 AND kept_after < $1::bigint";
/** $1 position, $2 number. */
const removeText = `WITH gone AS (
    DELETE FROM event WHERE position IN (SELECT e.position FROM event e, event_counter c
      WHERE c.id = 1 AND e.recovery_id IS NULL AND e.position <= LEAST($1::bigint, c.kept_after) ORDER BY e.position LIMIT $2)
    RETURNING position, hash
  ), last AS (
    SELECT position, hash, (SELECT count(*) FROM gone) AS count FROM gone ORDER BY position DESC LIMIT 1
  ), signed AS (
    UPDATE event_counter c SET removed_count = c.removed_count + last.count, removed_position = GREATEST(c.removed_position, last.position),
      removed_hash = CASE WHEN last.position > c.removed_position THEN last.hash ELSE c.removed_hash END
    FROM last WHERE c.id = 1
  ) SELECT count(*)::int AS removed FROM gone`;

/** Answers how many were removed. */
export async function expireEvents(pool: Queryable, retentionSeconds: number, signal: AbortSignal): Promise<number> {
  const expired = await oldest(pool, retentionSeconds);
  if (expired !== null) await pool.query({ name: "events_expire", text: expireText, values: [expired] });
  const removable = await oldest(pool, retentionSeconds + graceSeconds);
  let removed = 0;
  for (let more = removable !== null; more && !signal.aborted; ) {
    const { rows } = await pool.query<{ removed: number }>({ name: "events_remove", text: removeText, values: [removable, chunk] });
    const count = rows[0]?.removed ?? 0;
    removed += count;
    more = count === chunk;
  }
  return removed;
}

async function oldest(pool: Queryable, seconds: number): Promise<string | null> {
  const { rows } = await pool.query<{ position: string | null }>({ name: "events_old", text: oldText, values: [seconds] });
  return rows[0]?.position ?? null;
}
