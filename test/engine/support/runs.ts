/** Rows of runs without plans, for tests of who owns them. */
import type pg from "pg";
import { v7 as uuid } from "uuid";

/** An open run that nobody owns. */
export async function aRun(pool: pg.Pool): Promise<string> {
  const id = uuid();
  await pool.query(
    `INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by) VALUES ($1, 'Shop', $2, 'DISASTER', '{}', 'alice')`,
    [id, uuid()],
  );
  return id;
}

export interface Ownership {
  readonly owner: string | null;
  readonly epoch: bigint;
  readonly leaseUntil: Date | null;
  readonly wakeAt: Date | null;
}

export async function ownershipOf(pool: pg.Pool, runId: string): Promise<Ownership> {
  const { rows } = await pool.query<{ owner: string | null; epoch: string; lease_until: Date | null; wake_at: Date | null }>(
    "SELECT owner, epoch::text, lease_until, wake_at FROM recovery WHERE id = $1",
    [runId],
  );
  const [row] = rows;
  if (!row) throw new Error(`There is no run ${runId}.`);
  return { owner: row.owner, epoch: BigInt(row.epoch), leaseUntil: row.lease_until, wakeAt: row.wake_at };
}

export const endRun = (pool: pg.Pool, runId: string): Promise<unknown> =>
  pool.query(
    "UPDATE recovery SET ended_at = dr_now(), state = 'COMPLETED', result_state = 'SUCCESS', owner = NULL, lease_until = NULL WHERE id = $1",
    [runId],
  );

/** The owner stops renewing, and the lease's time passes. */
export const letLapse = (pool: pg.Pool, runId: string): Promise<unknown> =>
  pool.query("UPDATE recovery SET lease_until = clock_timestamp() - interval '1 ms' WHERE id = $1", [runId]);

/** A node that wins the run whatever the lease says, as after a pause of its owner. */
export const takeOver = (pool: pg.Pool, runId: string, nodeId: string): Promise<unknown> =>
  pool.query("UPDATE recovery SET owner = $2, epoch = epoch + 1, lease_until = clock_timestamp() + interval '1 hour' WHERE id = $1", [
    runId,
    nodeId,
  ]);
