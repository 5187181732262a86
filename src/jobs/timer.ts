/**
 * Work that is due every so often, on one node at a time. A timer and a lock are all that it takes: what it does is asked of the database
 * each time, so a run that is missed or done twice changes nothing, and there is no queue to keep.
 */
import type pg from "pg";

export interface TimerOptions {
  readonly pool: pg.Pool;
  /** Jobs of one name exclude each other. */
  readonly name: string;
  readonly everyMs: number;
  /** It rests so many times as long as it took, where that is longer. */
  readonly restTimes?: number;
  /** The first time; spread over this long, so that nodes that start together don't come together. */
  readonly firstWithinMs: number;
  /** Stops early when it is aborted. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
  readonly log: { warn(details: object, message: string): void };
}

export interface Timer {
  /** Does it now, unless another node does; false: one does. */
  run(): Promise<boolean>;
  /** Waits for the work that is under way. */
  close(): Promise<void>;
}

export function startTimer({ pool, name, everyMs, restTimes = 0, firstWithinMs, work, random = Math.random, log }: TimerOptions): Timer {
  const stop = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout;

  const run = () => {
    const done = alone(pool, name, () => work(stop.signal));
    running = done.catch(() => {});
    return done;
  };
  const later = (ms: number) => {
    timer = setTimeout(() => {
      const from = performance.now();
      run()
        .catch((error: unknown) => log.warn({ err: error, job: name }, "a job failed; it is due again in its turn"))
        .finally(() => !stop.signal.aborted && later(Math.max(everyMs, restTimes * (performance.now() - from))));
    }, ms);
    timer.unref();
  };
  later(firstWithinMs * random());

  return {
    run,
    async close() {
      stop.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

/** What a lock may stand idle for while its work goes on over other connections: it blocks no rows, and a node that hangs leaves it to others. */
const longestWork = "15min";

/** The lock is a transaction's, so that a pooler may stand in between, and a node that dies leaves none. */
async function alone(pool: pg.Pool, name: string, work: () => Promise<void>): Promise<boolean> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = '${longestWork}'`);
    const { rows } = await client.query<{ taken: boolean }>(
      "SELECT pg_try_advisory_xact_lock(hashtextextended('dr-gateway job ' || $1, 0)) AS taken",
      [name],
    );
    const taken = rows[0]?.taken ?? false;
    if (taken) await work();
    await client.query("COMMIT");
    return taken;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
