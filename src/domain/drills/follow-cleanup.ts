/** The cleanup after a drill's test, tried again with back-off; what it can't remove is told in the end. */
import type { PlanLifecycle, ResultState } from "../../database/generated/enums.ts";
import { DomainError } from "../errors.ts";
import { change, leftForDisaster, type OpenOccurrence } from "./open-occurrence.ts";
import { drillChanged, scheduleOf } from "./rows.ts";
import type { DrillParts } from "./start-due.ts";

/** After the first attempt, the second one and so on; after the last attempt it is FAILED. */
const cleanupBackOffSeconds = [60, 300, 900, 3600] as const;

interface NewestCleanup {
  readonly lifecycle: PlanLifecycle;
  readonly id: string | null;
  readonly open: boolean;
  readonly result: ResultState | null;
  readonly by: string | null;
  readonly error: string | null;
  readonly leftovers: number;
}

const newestText = `SELECT p.lifecycle, c.id, c.id IS NOT NULL AND c.ended_at IS NULL AS open, c.result_state AS result, c.initiated_by AS by,
    c.errors[1] AS error, (SELECT count(*)::int4 FROM leftover l WHERE l.run_id = $2 AND l.gone_at IS NULL) AS leftovers
  FROM recovery_plan p LEFT JOIN LATERAL (SELECT * FROM recovery r WHERE r.cleans_up_id = $2 ORDER BY r.requested_at DESC, r.id DESC LIMIT 1) c ON true
  WHERE p.id = $1`;

export async function followCleanup(parts: DrillParts, occurrence: OpenOccurrence): Promise<void> {
  const { planId, runId } = occurrence;
  const { rows } = await parts.context.database.pool.query<NewestCleanup>({
    name: "drill-newest-cleanup",
    text: newestText,
    values: [planId, runId],
  });
  const [newest] = rows;
  if (newest === undefined || newest.open) return;
  const { result, by, leftovers } = newest;
  if (result === "SUCCESS" || result === "WARNING") {
    const who = newest.id === occurrence.cleanupRunId ? "" : `Cleaned up by ${by}. `;
    const rest = leftovers === 0 ? "" : `What could not be removed is still there: ${leftovers}.`;
    return settle(parts, occurrence, "DONE", `${who}${rest}`.trim() || null);
  }
  if (newest.lifecycle.startsWith("RECOVERY_") || newest.lifecycle.startsWith("REPROTECT_"))
    return settle(parts, occurrence, "LEFT", leftForDisaster);
  if (occurrence.cleanupDueAt === null) {
    const left = leftovers === 0 ? "" : ` ${leftovers} things are left.`;
    return attemptFailed(parts, occurrence, occurrence.cleanupAttempts, `${newest.error ?? "The cleanup did not end well."}${left}`);
  }
  if (occurrence.cleanupIsDue) await startCleanup(parts, occurrence);
}

const startText = `UPDATE drill_occurrence SET cleanup_run_id = $2, cleanup_attempts = cleanup_attempts + 1, cleanup_due_at = NULL
  WHERE id = $1 AND cleanup = 'WAITING' AND cleanup_attempts = $3 AND cleanup_due_at IS NOT NULL`;

/** Another node has begun it. */
class AlreadyBegun extends Error {}

async function startCleanup(parts: DrillParts, occurrence: OpenOccurrence): Promise<void> {
  const { id, drillId, drillName, planId, runId, cleanupAttempts: made } = occurrence;
  const drill = { id: drillId, name: drillName };
  try {
    await parts.recoveries.cleanup(
      scheduleOf(drill),
      { planId, recoveryId: runId },
      {
        mutation: "cleanupTest",
        input: { planId, recoveryId: runId },
        async write(client, run) {
          const { rowCount } = await client.query({ name: "drill-cleanup-start", text: startText, values: [id, run.recoveryId, made] });
          if (rowCount === 0) throw new AlreadyBegun();
          return [drillChanged(drill)];
        },
      },
    );
  } catch (error) {
    if (error instanceof AlreadyBegun) return;
    if (!(error instanceof DomainError)) throw error;
    await attemptFailed(parts, occurrence, made + 1, error.message);
  }
}

const retryText = `UPDATE drill_occurrence SET cleanup_attempts = $2, cleanup_due_at = dr_now() + make_interval(secs => $3), cleanup_message = $4
  WHERE id = $1 AND cleanup = 'WAITING' AND cleanup_attempts = $5 AND cleanup_due_at IS NOT DISTINCT FROM $6`;

/** `made`: attempts, with this one. */
async function attemptFailed(parts: DrillParts, occurrence: OpenOccurrence, made: number, why: string): Promise<void> {
  const wait = cleanupBackOffSeconds[made - 1];
  if (wait === undefined) {
    return settle(parts, occurrence, "FAILED", `${why} Tried ${made} times; clean up by hand (cleanupTest), with force if need be.`, made);
  }
  const { id, cleanupAttempts: before, cleanupDueAt } = occurrence;
  const values = [id, made, wait, why, before, cleanupDueAt];
  await change(parts, occurrence, { name: "drill-cleanup-retry", text: retryText, values });
}

const settleText = `UPDATE drill_occurrence SET cleanup = $2, cleanup_message = $3, cleanup_attempts = $4, cleanup_due_at = NULL, settled_at = dr_now()
  WHERE id = $1 AND cleanup = 'WAITING' AND cleanup_attempts = $5`;

async function settle(
  parts: DrillParts,
  occurrence: OpenOccurrence,
  cleanup: "DONE" | "FAILED" | "LEFT",
  message: string | null,
  made = occurrence.cleanupAttempts,
): Promise<void> {
  const values = [occurrence.id, cleanup, message, made, occurrence.cleanupAttempts];
  await change(parts, occurrence, { name: "drill-cleanup-settle", text: settleText, values });
}
