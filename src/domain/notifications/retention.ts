/** The log of deliveries is bounded: what is older goes, and its deliveries with it, however they stand. */
import type pg from "pg";

const chunk = 1_000;

/** $1 seconds, $2 number. */
const removeText = `DELETE FROM notification WHERE id IN (
    SELECT id FROM notification WHERE created_at < (SELECT dr_now()) - make_interval(secs => $1) ORDER BY created_at LIMIT $2)`;

/** Answers how many were removed. */
export async function expireNotifications(pool: Pick<pg.Pool, "query">, retentionSeconds: number, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (let more = true; more && !signal.aborted; ) {
    const { rowCount } = await pool.query({ name: "notifications-remove", text: removeText, values: [retentionSeconds, chunk] });
    removed += rowCount ?? 0;
    more = rowCount === chunk;
  }
  return removed;
}
