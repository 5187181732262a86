/**
 * Who drives a run: a lease on its row, in database time, claimed by one conditional statement. The epoch rises with each claim
 * and fences the owner before. `clock_timestamp()` measures leases, which are the machines' matter; `wake_at` is a time of the domain (dr_now).
 */
import type pg from "pg";
import { plannedRunVersion } from "./model.ts";
import { monotonicMs } from "./monotonic.ts";

export interface Claim {
  readonly runId: string;
  readonly epoch: bigint;
  /** When the claim was sent, by `monotonicMs`: the lease holds from then on. */
  readonly claimedAtMs: number;
}

/** What this release can drive. A run that a newer one has started is left to it. */
const engineVersion = plannedRunVersion;

/** When a run that was given back may be claimed again. WHEN_WOKEN: not before it is woken. Who wakes a run sets `wake_at = dr_now()`, never NULL, with the write that it shall hear of: a wake since the claim always wins. */
export type NextTurn = Date | "AT_ONCE" | "WHEN_WOKEN";

/** Stands for "not before it is woken"; `infinity` is not a date to every reader of the row. */
const whenWoken = new Date("9999-12-31T00:00:00Z");

/** `wake_at` is cleared, so that `release` sees whether the run was woken since. */
const claimSql = `
  WITH free AS MATERIALIZED (
    SELECT id FROM recovery
    WHERE ended_at IS NULL
      AND (owner IS NULL OR lease_until IS NULL OR lease_until < clock_timestamp())
      AND (wake_at IS NULL OR wake_at <= dr_now())
      AND engine_version <= $4
    ORDER BY requested_at, id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
  )
  UPDATE recovery r
  SET owner = $1, epoch = r.epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $2), wake_at = NULL
  FROM free WHERE r.id = free.id
  RETURNING r.id, r.epoch::text AS epoch`;

/** Takes open runs that nobody owns, oldest first. */
export async function claim(pool: pg.Pool, nodeId: string, leaseSeconds: number, limit: number): Promise<Claim[]> {
  const claimedAtMs = monotonicMs();
  const { rows } = await pool.query<{ id: string; epoch: string }>({
    name: "lease_claim",
    text: claimSql,
    values: [nodeId, leaseSeconds, limit, engineVersion],
  });
  return rows.map((row) => ({ runId: row.id, epoch: BigInt(row.epoch), claimedAtMs }));
}

const releaseSql = `
  UPDATE recovery SET owner = NULL, lease_until = NULL, wake_at = COALESCE(wake_at, $4)
  WHERE id = $1 AND epoch = $2 AND owner = $3`;

/** Gives a run back; false when it was no longer ours. */
export async function release(
  pool: pg.Pool,
  held: { readonly runId: string; readonly epoch: bigint },
  nodeId: string,
  next: NextTurn,
): Promise<boolean> {
  const wakeAt = next === "AT_ONCE" ? null : next === "WHEN_WOKEN" ? whenWoken : next;
  const { rowCount } = await pool.query({
    name: "lease_release",
    text: releaseSql,
    values: [held.runId, held.epoch.toString(), nodeId, wakeAt],
  });
  return rowCount === 1;
}

/** Gives back everything at an orderly stop, claimable at once. Answers how many runs that were. */
export async function releaseAll(pool: pg.Pool, nodeId: string): Promise<number> {
  const { rowCount } = await pool.query({
    name: "lease_release_all",
    text: "UPDATE recovery SET owner = NULL, lease_until = NULL WHERE owner = $1 AND ended_at IS NULL",
    values: [nodeId],
  });
  return rowCount ?? 0;
}
