/** Short transactions on the pool: locks in one order (plan, pair, run, the run's parts, the log's counter), no calls to a site inside. */
import type pg from "pg";
import { together } from "./together.ts";

export const inTransaction = <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  inTransactionUpTo(pool, nothing, async (client) => ({ result: await work(client) }));

const nothing = () => Promise.resolve();

/** What a transaction comes to. */
export interface Ending<T> {
  readonly result: T;
  /**
   * Its last statements, all sent before anything is waited for: the COMMIT goes with them, since others wait for what they hold. One that fails
   * makes a roll-back of it.
   */
  readonly last?: () => Promise<unknown>;
}

/** The same for work that says what comes first and last. `first` goes with the BEGIN: it locks and reads, and writes nothing. */
export async function inTransactionUpTo<F, T>(
  pool: pg.Pool,
  first: (client: pg.PoolClient) => Promise<F>,
  work: (client: pg.PoolClient, first: F) => Promise<Ending<T>>,
): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    const [, found] = await together([client.query("BEGIN"), first(client)]);
    const { result, last } = await work(client, found);
    await together([last?.(), client.query("COMMIT")]);
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

/** For statements that are sent together, and go over one connection then; each reads what is there when its turn comes. */
export async function onOneConnection<T>(pool: pg.Pool, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    return await read(client);
  } catch (error) {
    // Some may be under way still, and whoever has the connection next would hear their rows.
    await client.query("SELECT 1").catch(() => {
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
