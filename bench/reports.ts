/**
 * Reports over a year of many VMs: how long each type takes in each format, from the request for the data to the last byte, and how much memory.
 * `npm run bench:report -- [PLANS] [VMS_PER_PLAN] [RUNS_PER_PLAN]`, 25 plans of 20 VMs with 52 runs when left out; exit code 1 when a report takes
 * more than 30 s. With EXAMPLES=FOLDER the PDFs' files are written there.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Database, openDatabase } from "../src/database/database.ts";
import { makeDocument } from "../src/domain/reports/make.ts";
import { writers } from "../src/domain/reports/write.ts";
import { aGroup, aPair, aPlan } from "../test/support/rows.ts";
import { numbersIn } from "./support/arguments.ts";
import { listenForInterrupts } from "./support/interrupt.ts";
import { startServer } from "./support/server.ts";

const [planCount = 25, vmsPerPlan = 20, runsPerPlan = 52] = numbersIn(
  process.argv.slice(2),
  "npm run bench:report -- [PLANS] [VMS_PER_PLAN] [RUNS_PER_PLAN]",
);
listenForInterrupts();
const mostSeconds = 30;
const print = (line: string) => process.stdout.write(`${line}\n`);
const rangeStart = new Date("2025-11-01T00:00:00Z");
const rangeEnd = new Date("2026-11-01T00:00:00Z");
const names = ["Shop", "Payroll", "Бухгалтерия", "Ελληνικό αρχείο", "Mail", "Identity", "Warehouse"];

/** Chance that is the same each time: PostgreSQL's own, from a seed. */
const historyText = [
  "SELECT setseed(0.42)",
  `UPDATE recovery_plan SET rto_target_seconds = 900`,
  `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, result_state, options, notes, initiated_by, requested_at, started_at, ended_at,
      vm_count, vms_succeeded, vms_failed, rto_achieved_seconds, rpo_achieved_seconds)
    SELECT gen_random_uuid(), p.id, p.name, p.pairing_id, (CASE WHEN x.n % 26 = 25 THEN 'PLANNED' ELSE 'TEST' END)::"RunKind", 'COMPLETED', r.result::"ResultState", '{}',
      CASE WHEN x.n % 13 = 0 THEN 'Quarterly test, with the auditors looking on' ELSE '' END, 'schedule/weekly', x.at, x.at, x.at + make_interval(secs => r.took + 120),
      $1::int4, $1::int4 - r.lost, r.lost, CASE WHEN r.lost = 0 THEN r.took END, (random() * 600)::int4
    FROM recovery_plan p, LATERAL (SELECT n, timestamptz '2025-11-02 03:00Z' + n * (interval '364 days' / $2::int4) AS at FROM generate_series(0, $2::int4 - 1) AS n) AS x,
      LATERAL (SELECT (300 + random() * 700)::int4 AS took, CASE WHEN random() < 0.05 + 0 * x.n THEN 1 ELSE 0 END AS lost) AS c,
      LATERAL (SELECT c.took, c.lost, CASE WHEN c.lost > 0 THEN 'PARTIAL' WHEN c.took > 900 THEN 'WARNING' ELSE 'SUCCESS' END AS result) AS r`,
  `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, started_at, ended_at, vm_id, parent)
    SELECT r.id, 1, '1', 'pg', 'PRIORITY_GROUP', 'Tier 1', '{}'::jsonb, 60, 'SUCCEEDED', r.started_at, r.ended_at, NULL::uuid, NULL::int4 FROM recovery r
    UNION ALL
    SELECT r.id, 1 + n, '1.' || n, 'vm' || n, 'POWER_ON', 'Power on server-' || lpad(n::text, 2, '0'), '{}'::jsonb, 60, (CASE WHEN n <= r.vms_failed THEN 'FAILED' ELSE 'SUCCEEDED' END)::"StepStatus",
      r.started_at + make_interval(secs => 20 * n * 15 / $1::int4), r.started_at + make_interval(secs => 20 * n * 15 / $1::int4 + 90 + n % 7 * 20), gen_random_uuid(), 1
    FROM recovery r, generate_series(1, $1::int4) AS n`,
  `INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, plan_ids, rpo_minutes, cause, opened_at, closed_at, critical_since, worst_lag_seconds, current_lag_seconds)
    SELECT gen_random_uuid(), v.id, v.name, g.id, g.name, ARRAY(SELECT plan_id FROM plan_protection_group WHERE group_id = g.id), g.rpo_minutes, (ARRAY['LAG', 'SYNC_FAILED', 'SITE_DISCONNECTED'])[1 + floor(random() * 3)::int4]::"ViolationCause",
      o.at, o.at + make_interval(mins => (5 + random() * 90)::int4), CASE WHEN random() < 0.1 THEN o.at END, (900 + random() * 5000)::int4, 0
    FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id JOIN protection_group g ON g.id = m.group_id,
      LATERAL (SELECT timestamptz '2025-11-01Z' + random() * interval '365 days' + 0 * n * interval '1 s' AS at FROM generate_series(1, $1::int4 / 2) AS n) AS o`,
  `INSERT INTO lag_sample (subject_id, step_seconds, starts_at, min_lag_seconds, max_lag_seconds, worst_percent, vm_seconds, lag_vm_seconds, late_vm_seconds)
    SELECT p.id, 21600, at, 60, (500 + 300 * sin(extract(epoch FROM at) / 900000) + random() * 300)::int4, 60, 21600 * $1::float8, 21600 * $1 * (250 + 200 * random()), random() * 200 * $1
    FROM recovery_plan p, generate_series(timestamptz '2025-11-01Z', timestamptz '2026-10-31 18:00Z', interval '6 hours') AS at
    WHERE at NOT BETWEEN timestamptz '2026-03-10Z' AND timestamptz '2026-03-18Z'`,
  `INSERT INTO readiness_evaluation (plan_id, readiness, score, evaluated_at, forecast_rto_seconds)
    SELECT id, (CASE WHEN n % 4 = 3 THEN 'AT_RISK' ELSE 'READY' END)::"Readiness", 100 - n % 4 * 5, timestamptz '2026-11-01Z', 500 + n % 7 * 90
    FROM (SELECT id, row_number() OVER (ORDER BY name) AS n FROM recovery_plan) AS p
    ON CONFLICT (plan_id) DO UPDATE SET readiness = excluded.readiness, score = excluded.score, evaluated_at = excluded.evaluated_at, forecast_rto_seconds = excluded.forecast_rto_seconds`,
  `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_name, message, remedy, opened_at)
    SELECT gen_random_uuid(), plan_id, 'WARNING', 'TEST_TOO_OLD', 'RecoveryPlan', 'the plan', 'The last successful test is older than a quarter.', 'Test the plan.', timestamptz '2026-09-01Z'
    FROM readiness_evaluation WHERE readiness = 'AT_RISK'`,
];

async function populate(database: Database): Promise<void> {
  const pair = await aPair(database, "Frankfurt and Dublin");
  for (let at = 0; at < planCount; at++) {
    const name = `${names[at % names.length]}${at < names.length ? "" : ` ${Math.floor(at / names.length) + 1}`}`;
    const { groupId } = await aGroup(database, pair, `${name} servers`, vmsPerPlan);
    await aPlan(database, pair, name, [{ groupIds: [groupId] }]);
  }
  for (const text of historyText) {
    const values = [vmsPerPlan, runsPerPlan].slice(0, text.includes("$2") ? 2 : text.includes("$1") ? 1 : 0);
    await database.pool.query(text, values);
  }
  await database.pool.query(
    "CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$SELECT timestamptz '2026-11-01 08:00:00Z'$$",
  );
  await database.pool.query("UPDATE protected_vm SET last_sync_at = timestamptz '2026-11-01 08:00Z' - random() * interval '14 minutes'");
  await database.pool.query("ANALYZE");
}

async function measure(database: Database): Promise<number> {
  let slowest = 0;
  for (const type of ["RPO_RTO_COMPLIANCE", "TEST_HISTORY", "PROTECTION_STATUS", "RECOVERY_READINESS"] as const) {
    for (const format of ["PDF", "HTML", "CSV", "JSON"] as const) {
      const started = performance.now();
      const pageSize = type === "PROTECTION_STATUS" ? "LETTER" : "A4";
      const document = await makeDocument(database.pool, { type, pageSize, rangeStart, rangeEnd, planIds: [], requestedBy: "ada" });
      const read = performance.now() - started;
      const bytes = await writers[format](document, AbortSignal.timeout(120_000));
      const seconds = (performance.now() - started) / 1_000;
      slowest = Math.max(slowest, seconds);
      const memory = Math.round(process.memoryUsage().rss / 1_048_576);
      print(
        `${type.padEnd(20)} ${format.padEnd(5)} ${seconds.toFixed(2)} s (data ${(read / 1_000).toFixed(2)} s), ${bytes.length} bytes, process ${memory} MiB`,
      );
      const folder = process.env.EXAMPLES;
      if (folder && (format === "PDF" || format === "HTML")) {
        await writeFile(join(folder, `${type.toLowerCase().replaceAll("_", "-")}.${format.toLowerCase()}`), bytes);
      }
    }
  }
  return slowest;
}

await using server = await startServer();
await using database = await openDatabase({ url: server.url });
await populate(database);
print(`${planCount} plans of ${vmsPerPlan} VMs with ${runsPerPlan} runs each, over a year`);
const slowest = await measure(database);
print(`the slowest took ${slowest.toFixed(2)} s; ${mostSeconds} s are allowed`);
if (slowest > mostSeconds) process.exitCode = 1;
