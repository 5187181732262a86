/**
 * Nobody can answer a prompt while no node serves. A node that finds such a gap moves the deadlines of open prompts by it, before it
 * does anything else. `seen_at` of each node is renewed like a lease, so that a gap is known by its age.
 */
import type pg from "pg";

export interface NodePresence {
  readonly nodeId: string;
  readonly leaseSeconds: number;
}

export interface MovedDeadlines {
  /** 0: another node has served all the time, or none ever. */
  readonly gapSeconds: number;
  readonly prompts: number;
}

/** One node at a time, or two that start together would both add the gap. */
const lockSql = "SELECT pg_advisory_xact_lock(hashtext('dr-gateway: node presence'))";

/**
 * A serving node is seen every third of a lease, so half of one is a gap. A prompt that was opened within the gap (by a run's owner that
 * had lost this table, but not the run) moves only from there on. Its step's deadline is the same, for whoever forecasts.
 */
const moveSql = `
  WITH newest AS (SELECT max(seen_at) AS seen FROM gateway_node),
  gap AS (SELECT seen FROM newest WHERE seen < dr_now() - make_interval(secs => $2::float8 / 2)),
  moved AS (
    UPDATE recovery_prompt p
    SET due_at = GREATEST(p.due_at + (dr_now() - GREATEST(gap.seen, p.opened_at)), dr_now() + interval '120 s')
    FROM gap
    WHERE p.answer IS NULL AND p.withdrawn_at IS NULL AND p.due_at IS NOT NULL
    RETURNING p.run_id, p.ordinal, p.attempt, p.due_at
  ),
  steps AS (
    UPDATE recovery_step s SET due_at = moved.due_at
    FROM moved WHERE s.run_id = moved.run_id AND s.ordinal = moved.ordinal AND s.attempt = moved.attempt
  ),
  here AS (
    INSERT INTO gateway_node (id, started_at, seen_at) VALUES ($1, dr_now(), dr_now())
    ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at
  ),
  gone AS (DELETE FROM gateway_node WHERE seen_at < dr_now() - interval '1 day' AND id <> $1)
  SELECT COALESCE((SELECT EXTRACT(epoch FROM dr_now() - seen) FROM gap), 0)::float8 AS "gapSeconds", (SELECT count(*) FROM moved)::int AS prompts`;

/** Records this node as alive, too. The lifeline does it at its start and after each silence of its own; twice does no harm. */
export async function moveDeadlines(pool: pg.Pool, presence: NodePresence): Promise<MovedDeadlines> {
  const client = await pool.connect();
  try {
    return await moveDeadlinesBy(client, presence);
  } finally {
    client.release();
  }
}

export async function moveDeadlinesBy(client: pg.ClientBase, { nodeId, leaseSeconds }: NodePresence): Promise<MovedDeadlines> {
  await client.query("BEGIN");
  try {
    await client.query("SET LOCAL idle_in_transaction_session_timeout = '2s'");
    await client.query(lockSql);
    const { rows } = await client.query<MovedDeadlines>({ text: moveSql, values: [nodeId, leaseSeconds] });
    await client.query("COMMIT");
    return rows[0] ?? { gapSeconds: 0, prompts: 0 };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}
