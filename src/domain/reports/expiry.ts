/** The end of reports: a day after they were made their content goes, and 90 days after they were asked for the rest. */
import type pg from "pg";
import { loggedChanges, updatedRows } from "../../events/changes.ts";
import { startTimer, type Timer } from "../../jobs/timer.ts";

const expireText = `WITH expired AS (
    UPDATE report SET state = 'EXPIRED', content = NULL WHERE state = 'COMPLETED' AND expires_at <= dr_now() RETURNING id, NULL::text AS name
  ), ${loggedChanges(updatedRows("REPORT_CHANGED", "expired"))} SELECT count(*)::int4 AS count FROM expired`;

const removeText = `WITH removed AS (
    DELETE FROM report WHERE state IN ('EXPIRED', 'FAILED') AND requested_at < dr_now() - interval '90 days' RETURNING id
  ), ${loggedChanges("SELECT 'REPORT_CHANGED' AS kind, id, 'DELETED' AS change, NULL::text AS name FROM removed")}
  SELECT count(*)::int4 AS count FROM removed`;

export interface ReportExpiryOptions {
  readonly pool: pg.Pool;
  readonly announce: () => void;
  readonly log: { warn(details: object, message: string): void };
}

/** Answers how many reports it has changed. */
export async function expireReports(pool: Pick<pg.Pool, "query">): Promise<number> {
  const counts = [];
  for (const text of [expireText, removeText]) counts.push((await pool.query<{ count: number }>(text)).rows[0]?.count ?? 0);
  return counts.reduce((sum, count) => sum + count, 0);
}

export const startReportExpiry = ({ pool, announce, log }: ReportExpiryOptions): Timer =>
  startTimer({
    pool,
    name: "report-expiry",
    everyMs: 60_000,
    firstWithinMs: 10_000,
    log,
    work: async () => {
      if ((await expireReports(pool)) > 0) announce();
    },
  });
