/**
 * Where the history of lag lies: steps that are over in a large table, those that are still under way in a small one. Each measurement updates
 * one row of each subject and length of step, which costs little only where no index has to follow.
 */
import type pg from "pg";
import type { Sample } from "./samples.ts";

type Client = Pick<pg.ClientBase, "query">;

/** What a sample that is added makes of one of the same step, `s`. */
const sums = {
  min_lag_seconds: "LEAST(s.min_lag_seconds, EXCLUDED.min_lag_seconds)",
  max_lag_seconds: "GREATEST(s.max_lag_seconds, EXCLUDED.max_lag_seconds)",
  worst_percent: "GREATEST(s.worst_percent, EXCLUDED.worst_percent)",
  vm_seconds: "s.vm_seconds + EXCLUDED.vm_seconds",
  lag_vm_seconds: "s.lag_vm_seconds + EXCLUDED.lag_vm_seconds",
  late_vm_seconds: "s.late_vm_seconds + EXCLUDED.late_vm_seconds",
} as const;
const columns = `subject_id, step_seconds, starts_at, ${Object.keys(sums).join(", ")}`;

/** In place of a table: all samples. A step may have one in each table, which add up. */
export const lagHistory = `(SELECT ${columns} FROM lag_sample UNION ALL SELECT ${columns} FROM lag_sample_open)`;

const set = (assign: (column: string, sum: string) => string): string =>
  Object.entries(sums)
    .map(([column, sum]) => assign(column, sum))
    .join(", ");
const addToSample = `ON CONFLICT (subject_id, step_seconds, starts_at) DO UPDATE SET ${set((column, sum) => `${column} = ${sum}`)}`;

/** Steps that are over when a measurement of the time up to $1 is done. */
const isOver = "starts_at + make_interval(secs => step_seconds) <= to_timestamp($1::float8 / 1000)";

const statements = {
  /** One under way that is of an earlier step was moved before, and is replaced. */
  write: `WITH given AS MATERIALIZED (
      SELECT x.subject_id, x.step_seconds, to_timestamp(x.starts / 1000) AS starts_at, ${Object.keys(sums).join(", ")}
      FROM unnest($2::uuid[], $3::int4[], $4::float8[], $5::int4[], $6::int4[], $7::int4[], $8::float8[], $9::float8[], $10::float8[])
        AS x (subject_id, step_seconds, starts, ${Object.keys(sums).join(", ")})
    ), ended AS (
      INSERT INTO lag_sample AS s (${columns}) SELECT ${columns} FROM given WHERE ${isOver} ${addToSample}
    )
    INSERT INTO lag_sample_open AS s (${columns}) SELECT ${columns} FROM given WHERE NOT ${isOver} ON CONFLICT (subject_id, step_seconds) DO UPDATE
      SET starts_at = EXCLUDED.starts_at, ${set((column, sum) => `${column} = CASE WHEN s.starts_at = EXCLUDED.starts_at THEN ${sum} ELSE EXCLUDED.${column} END`)}`,
  move: `INSERT INTO lag_sample AS s (${columns}) SELECT ${columns} FROM lag_sample_open WHERE ${isOver} ${addToSample}`,
  forget: `DELETE FROM lag_sample_open WHERE ${isOver}`,
} as const;

const run = (client: Client, name: keyof typeof statements, values: readonly unknown[]) =>
  client.query({ name: `lag-samples-${name}`, text: statements[name], values: [...values] });

/** Before the samples of a measurement up to `until` are written: what was under way, and ends with it. Its rows are replaced then. */
export const moveSamples = async (client: Client, until: number): Promise<void> => void (await run(client, "move", [until]));

/** After them: what nothing has replaced, of groups that are no more or do not count now. */
export const forgetMoved = async (client: Client, until: number): Promise<void> => void (await run(client, "forget", [until]));

export async function writeSamples(client: Client, samples: readonly Sample[], until: number): Promise<void> {
  if (samples.length === 0) return;
  const column = (value: (sample: Sample) => string | number) => samples.map(value);
  await run(client, "write", [
    until,
    column(({ subjectId }) => subjectId),
    column(({ stepSeconds }) => stepSeconds),
    column(({ startsAt }) => startsAt),
    column(({ minLagMs }) => Math.floor(minLagMs / 1000)),
    column(({ maxLagMs }) => Math.ceil(maxLagMs / 1000)),
    column(({ worstPercent }) => worstPercent),
    column(({ vmSeconds }) => vmSeconds),
    column(({ lagVmSeconds }) => lagVmSeconds),
    column(({ lateVmSeconds }) => lateVmSeconds),
  ]);
}
