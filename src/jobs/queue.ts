/**
 * Work in the background: a row of `job` per thing to do, taken by one node at a time under a lease. It is enqueued in the transaction that
 * makes it necessary, tried again with back-off, and given up in the end. A node that dies loses its lease, and another one takes the job;
 * so an attempt may come twice, and what it does has to bear that.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

/** One attempt. */
export interface Job {
  /** What it is about. */
  readonly key: string;
  /** From 1; counts attempts that died with their node too. */
  readonly attempt: number;
}

export interface JobKind {
  readonly queue: string;
  /** Attempts under way on this node at once. */
  readonly concurrency: number;
  /** How long a node has a job without renewing it: what a killed node delays it by, at most. */
  readonly leaseSeconds: number;
  /** After so many it is given up. */
  readonly attempts: number;
  /** Until the next attempt, after this many. */
  readonly backOffSeconds: (attempt: number) => number;
  /** Done once it resolves. The signal is aborted when the node stops or has lost the job: it should end then, and write nothing more. */
  readonly work: (job: Job, signal: AbortSignal) => Promise<void>;
  /** The last thing of a job that is not tried again; once it resolves, the job is gone. */
  readonly givenUp: (job: Job, failure: string) => Promise<void>;
}

export interface JobsOptions {
  readonly pool: pg.Pool;
  /** How often it looks for what is due. */
  readonly everyMs?: number;
  readonly log: { warn(details: object, message: string): void };
}

export interface Jobs {
  /** From now on this node takes jobs of this queue. Once per queue. */
  register(kind: JobKind): void;
  /** After a commit: a job of this queue may be due. A hint only. */
  wake(queue: string): void;
  /** Ends attempts under way and gives their jobs back, for another node to take at once. */
  close(): Promise<void>;
}

const enqueueText = `INSERT INTO job (id, queue, key, due_at) SELECT gen_random_uuid(), $1, k.key, dr_now() + make_interval(secs => $3)
  FROM unnest($2::text[]) AS k (key) ON CONFLICT (queue, key) DO NOTHING`;

/** In the transaction of what they are about. A key that has a job already keeps that. Answers how many are new. */
export async function enqueue(
  client: Pick<pg.ClientBase, "query">,
  queue: string,
  keys: readonly string[],
  delaySeconds = 0,
): Promise<number> {
  if (keys.length === 0) return 0;
  const { rowCount } = await client.query({ name: "job-enqueue", text: enqueueText, values: [queue, keys, delaySeconds] });
  return rowCount ?? 0;
}

const claimText = `WITH due AS (
    SELECT id FROM job WHERE queue = $1 AND due_at <= dr_now() AND (lease_until IS NULL OR lease_until <= clock_timestamp())
    ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
  )
  UPDATE job j SET owner = $3, lease_until = clock_timestamp() + make_interval(secs => $4), attempt = j.attempt + 1
  FROM due WHERE j.id = due.id RETURNING j.id, j.key, j.attempt, j.failure`;
const mine = "id = $1 AND owner = $2 AND attempt = $3";
const renewText = `UPDATE job SET lease_until = clock_timestamp() + make_interval(secs => $4) WHERE ${mine}`;
const doneText = `DELETE FROM job WHERE ${mine}`;
const againText = `UPDATE job SET owner = NULL, lease_until = NULL, due_at = dr_now() + make_interval(secs => $4), failure = $5 WHERE ${mine}`;
const backText = `UPDATE job SET owner = NULL, lease_until = NULL, attempt = attempt - 1 WHERE ${mine}`;

interface Claimed extends Job {
  readonly id: string;
  readonly failure: string | null;
}

export function startJobs({ pool, everyMs = 1_000, log }: JobsOptions): Jobs {
  const node = randomUUID();
  const stop = new AbortController();
  const queues = new Map<string, { wake(): void; close(): Promise<void> }>();
  return {
    register: (kind) => void queues.set(kind.queue, startQueue(kind, { pool, everyMs, log, node, stopping: stop.signal })),
    wake: (queue) => queues.get(queue)?.wake(),
    async close() {
      stop.abort();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

interface QueueOptions extends Required<JobsOptions> {
  readonly node: string;
  readonly stopping: AbortSignal;
}

function startQueue(kind: JobKind, options: QueueOptions) {
  const { pool, everyMs, log, node, stopping } = options;
  const attempts = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let again = false;

  const look = async (): Promise<void> => {
    const room = kind.concurrency - attempts.size;
    if (room <= 0 || stopping.aborted) return;
    const values = [kind.queue, room, node, kind.leaseSeconds];
    const { rows } = await pool.query<Claimed>({ name: "job-claim", text: claimText, values });
    for (const job of rows) {
      const attempt = attemptOf(kind, job, options).catch((error: unknown) => {
        log.warn({ err: error, queue: kind.queue, key: job.key }, "a job's outcome could not be written; it comes again after its lease");
      });
      attempts.add(attempt);
      void attempt.finally(() => {
        attempts.delete(attempt);
        wake(); // there is room for the next one
      });
    }
  };
  const wake = (): void => {
    if (stopping.aborted) return;
    again = looking !== null;
    looking ??= look()
      .catch((error: unknown) => log.warn({ err: error, queue: kind.queue }, "jobs could not be looked for; they are again in their turn"))
      .finally(() => {
        looking = null;
        if (again) wake();
      });
  };
  const timer = setInterval(wake, everyMs);
  timer.unref();
  wake();
  return {
    wake,
    async close() {
      clearInterval(timer);
      await looking;
      await Promise.all(attempts);
    },
  };
}

async function attemptOf(
  kind: JobKind,
  { id, key, attempt, failure }: Claimed,
  { pool, log, node, stopping }: QueueOptions,
): Promise<void> {
  const own = [id, node, attempt];
  const query = (text: string, ...more: unknown[]) => pool.query(text, [...own, ...more]);
  const job = { key, attempt };
  await using held = keepLease(kind.leaseSeconds, stopping, async () => (await query(renewText, kind.leaseSeconds)).rowCount === 1);
  try {
    if (attempt > kind.attempts) {
      await kind.givenUp(job, failure ?? "The gateway ended while it worked on this.");
    } else {
      await kind.work(job, held.signal);
    }
    await query(doneText);
  } catch (error) {
    if (stopping.aborted) return void (await query(backText));
    if (held.signal.aborted) return; // whoever has it now does it
    const why = error instanceof Error ? error.message : String(error);
    log.warn({ err: error, queue: kind.queue, key, attempt }, "a job failed");
    if (attempt < kind.attempts) return void (await query(againText, kind.backOffSeconds(attempt), why));
    await kind.givenUp(job, why);
    await query(doneText);
  }
}

/** Renews until it is disposed; the signal is aborted when the node stops, or when the lease is lost or could not be renewed in time. */
function keepLease(seconds: number, stopping: AbortSignal, renew: () => Promise<boolean>) {
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = (async () => {
    let until = performance.now() + seconds * 1_000;
    while (!ended.signal.aborted) {
      await sleep((seconds * 1_000) / 3, null, { signal: ended.signal, ref: false }).catch(() => {});
      if (ended.signal.aborted) return;
      const asked = performance.now();
      const kept = await renew().catch(() => null);
      if (kept === true) until = asked + seconds * 1_000;
      if (kept === false || performance.now() > until) return lost.abort();
    }
  })();
  return {
    signal: AbortSignal.any([stopping, lost.signal]),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await renewing;
    },
  };
}
