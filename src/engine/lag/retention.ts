/** What of the history of lag is too old: fine samples first, whose time coarser ones tell on. */
import type pg from "pg";
import { resolutions, violationsKeptSeconds } from "./resolutions.ts";

const samplesText = `DELETE FROM lag_sample s USING unnest($1::int4[], $2::int4[]) AS kept (step, seconds)
  WHERE s.step_seconds = kept.step AND s.starts_at < dr_now() - make_interval(secs => kept.seconds + kept.step)`;
const violationsText = "DELETE FROM rpo_violation WHERE closed_at < dr_now() - make_interval(secs => $1)";

export async function expireLag(pool: pg.Pool): Promise<{ lagSamples: number; rpoViolations: number }> {
  const kept = [resolutions.map(({ stepSeconds }) => stepSeconds), resolutions.map(({ keptSeconds }) => keptSeconds)];
  const samples = await pool.query({ name: "lag-expire-samples", text: samplesText, values: kept });
  const violations = await pool.query({ name: "lag-expire-violations", text: violationsText, values: [violationsKeptSeconds] });
  return { lagSamples: samples.rowCount ?? 0, rpoViolations: violations.rowCount ?? 0 };
}
