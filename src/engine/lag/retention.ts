/** What of the history of lag is too old: fine samples first, whose time coarser ones tell on. */
import type pg from "pg";
import { resolutions, violationsKeptSeconds } from "./resolutions.ts";

/** So many go at once, so that no statement is a long one. */
const chunk = 20_000;

const samplesText = `DELETE FROM lag_sample WHERE ctid = ANY (ARRAY(SELECT ctid FROM lag_sample
  WHERE step_seconds = $1 AND starts_at < (SELECT dr_now()) - make_interval(secs => $2) ORDER BY starts_at LIMIT ${chunk}))`;
const violationsText = `DELETE FROM rpo_violation WHERE id = ANY (ARRAY(SELECT id FROM rpo_violation
  WHERE closed_at < (SELECT dr_now()) - make_interval(secs => $1) ORDER BY closed_at LIMIT ${chunk}))`;

async function remove(pool: pg.Pool, statement: pg.QueryConfig, signal: AbortSignal): Promise<number> {
  for (let removed = 0; ; ) {
    const count = (await pool.query(statement)).rowCount ?? 0;
    removed += count;
    if (count < chunk || signal.aborted) return removed;
  }
}

export async function expireLag(pool: pg.Pool, signal: AbortSignal): Promise<{ lagSamples: number; rpoViolations: number }> {
  let lagSamples = 0;
  for (const { stepSeconds, keptSeconds } of resolutions) {
    lagSamples += await remove(
      pool,
      { name: "lag-expire-samples", text: samplesText, values: [stepSeconds, keptSeconds + stepSeconds] },
      signal,
    );
  }
  const rpoViolations = await remove(
    pool,
    { name: "lag-expire-violations", text: violationsText, values: [violationsKeptSeconds] },
    signal,
  );
  return { lagSamples, rpoViolations };
}
