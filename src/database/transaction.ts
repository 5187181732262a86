/** Short transactions on the pool: locks in one order (plan, pair, run, the run's parts, the log's counter), no calls to a site inside. */
import type pg from "pg";

export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Everything is read as it was at one moment; nothing is written. */
export const inSnapshot = <T>(pool: pg.Pool, read: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  inTransaction(pool, async (client) => {
    await client.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    return read(client);
  });

/** Unique, foreign key, check, not null, exclusion. */
const violations: ReadonlySet<unknown> = new Set(["23505", "23503", "23514", "23502", "23P01"]);

/** The name of the constraint that a statement broke; null for any other error. */
export function brokenConstraint(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !violations.has(error.code)) return null;
  return "constraint" in error && typeof error.constraint === "string" ? error.constraint : null;
}
