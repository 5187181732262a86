/** What tests ask of a run: wait for it, and read how it went. */

import type { Database } from "../../src/database/database.ts";
import { isOutage } from "../../src/engine/journal.ts";
import { readRecovery } from "../../src/events/log.ts";
import type { RecoveryEvent } from "../../src/events/types.ts";

export interface ReadStep {
  readonly ordinal: number;
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly attempt: number;
  readonly message: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

export interface ReadRun {
  readonly state: string;
  readonly resultState: string | null;
  readonly ended: boolean;
  readonly lastEvent: number;
  readonly progressPercent: number;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
  readonly steps: readonly ReadStep[];
}

export async function readRun({ pool }: Pick<Database, "pool">, runId: string): Promise<ReadRun> {
  const { rows } = await pool.query(
    `SELECT state, result_state AS "resultState", ended_at IS NOT NULL AS ended, last_event AS "lastEvent", progress_percent AS "progressPercent",
      vms_succeeded AS "vmsSucceeded", vms_failed AS "vmsFailed" FROM recovery WHERE id = $1`,
    [runId],
  );
  const steps = await pool.query<ReadStep>(
    `SELECT ordinal, path, kind, name, status, attempt, message, started_at AS "startedAt", ended_at AS "endedAt"
      FROM recovery_step WHERE run_id = $1 ORDER BY ordinal`,
    [runId],
  );
  return { ...rows[0], steps: steps.rows };
}

/** Looks until it is so, or the test's own time is up; a test may take the database away meanwhile. */
export async function until<T>(look: () => Promise<T | null | undefined | false>, what = "it", seconds = 45): Promise<T> {
  const start = performance.now();
  const end = start + seconds * 1000;
  for (;;) {
    const found = await look().catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      return null;
    });
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what} did not come about within ${seconds} s`);
    // Soon at first; who waits long is told a little later.
    const waited = performance.now() - start;
    await new Promise((done) => setTimeout(done, Math.min(25, 5 + waited / 20)));
  }
}

/** So many wait for a lock in the database. */
export const untilWaiting = ({ pool }: Pick<Database, "pool">, many = 1): Promise<boolean> =>
  until(async () => {
    const text = "SELECT count(*)::int4 AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    return (await pool.query<{ waiting: number }>(text)).rows[0]?.waiting === many;
  }, `${many} waiting for a lock`);

export const ended = (database: Pick<Database, "pool">, runId: string, seconds = 45): Promise<ReadRun> =>
  until(
    async () => {
      const text = "SELECT 1 FROM recovery WHERE id = $1 AND ended_at IS NOT NULL";
      const { rows } = await database.pool.query({ name: "test-run-ended", text, values: [runId] });
      return rows.length > 0 && readRun(database, runId);
    },
    "the run's end",
    seconds,
  );

export interface ReadEvent {
  readonly sequence: number;
  readonly position: bigint;
  readonly event: RecoveryEvent;
}

export async function eventsOf({ pool }: Pick<Database, "pool">, runId: string): Promise<ReadEvent[]> {
  const events = await readRecovery(pool, runId, 0, 1_000_000);
  return events.map(({ sequence, position, event }) => ({ sequence, position, event }));
}

export const openPrompt = (database: Pick<Database, "pool">, runId: string): Promise<string> =>
  until(async () => {
    const { rows } = await database.pool.query<{ id: string }>(
      "SELECT id FROM recovery_prompt WHERE run_id = $1 AND answer IS NULL AND withdrawn_at IS NULL",
      [runId],
    );
    return rows[0]?.id;
  }, "a prompt");
