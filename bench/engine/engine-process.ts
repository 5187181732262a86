/**
 * The engine at work on one plan: a process of its own, told what to do on its command line as JSON, which says what it took as the last line of
 * its output. The recoveries service starts the run, as the API does; the engine, its lease and its journal are those of the product.
 */
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "../../src/database/database.ts";
import { openLab } from "../../src/providers/lab/lab.ts";
import { aNode, operator } from "../../test/support/node.ts";
import { peakMemoryMib } from "../support/proc.ts";
import { FreeSites } from "./free-sites.ts";
import type { EngineResult, EngineTask } from "./task.ts";

const task: EngineTask = JSON.parse(process.argv[2] ?? "{}");
await using database = await openDatabase({ url: task.url });
const { pool } = database;
await using lab = await openLab({ url: task.url, speed: task.speed === 0 ? "instant" : task.speed, guestServices: false });
const free = task.sites === "free" ? new FreeSites() : null;
const settings = { operationsPerSite: 100_000, tickMs: 1000, pollMs: 200, idleMs: 3000, callTimeoutMs: 10_000 };
await using node = await aNode(database, free ?? lab.provider, settings);

let statements = 0;
const query = pool.query.bind(pool);
Object.assign(pool, {
  query: (...args: Parameters<typeof query>) => {
    statements++;
    return query(...args);
  },
});
const one = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await query<{ n: string }>(text, values)).rows[0]?.n ?? 0);
const untilOver = async (ids: readonly string[]): Promise<void> => {
  while ((await one("SELECT count(*) AS n FROM recovery WHERE id = ANY($1::uuid[]) AND ended_at IS NULL", [ids])) > 0) await delay(100);
};
const start = async (planId: string): Promise<string> => {
  const how = task.kind === "TEST" ? ({ recoveryType: "TEST" } as const) : ({ recoveryType: "DISASTER", acceptUnfenced: true } as const);
  return (await node.recoveries.start(operator, { planId, ...how })).recoveryId;
};
/** By the database's clock: looking for the end every so often would find it late. */
const secondsOf = (moment: string, values: unknown[] = []) => one(`SELECT extract(epoch FROM ${moment}) AS n`, values);
const wal = () => one("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS n");

if (task.warmUpPlanId !== undefined) await untilOver([await start(task.warmUpPlanId)]);

let heapMib = 0;
const watch = setInterval(() => {
  heapMib = Math.max(heapMib, process.memoryUsage().heapUsed / 2 ** 20);
}, 100);
const walBefore = await wal();
statements = 0;
const cpu = process.cpuUsage();
const began = await secondsOf("dr_now()");
const asked = performance.now();
const runIds = await Promise.all(task.planIds.map(start));
const startSeconds = (performance.now() - asked) / 1000;
await untilOver(runIds);
const used = process.cpuUsage(cpu);
clearInterval(watch);
const seconds = (await secondsOf("(SELECT max(ended_at) FROM recovery WHERE id = ANY($1::uuid[]))", [runIds])) - began;
const counted = statements;
const { rows } = await query<{ leaves: number; good: number }>(
  `WITH container AS (SELECT DISTINCT run_id, parent AS ordinal FROM recovery_step WHERE run_id = ANY($1::uuid[]) AND parent IS NOT NULL)
  SELECT (SELECT count(*)::int FROM recovery_step s LEFT JOIN container c USING (run_id, ordinal)
      WHERE s.run_id = ANY($1::uuid[]) AND s.started_at IS NOT NULL AND c.ordinal IS NULL) AS leaves,
    (SELECT count(*)::int FROM recovery WHERE id = ANY($1::uuid[]) AND result_state IN ('SUCCESS', 'WARNING')) AS good`,
  [runIds],
);
const result: EngineResult = {
  runIds,
  good: rows[0]?.good ?? 0,
  leaves: rows[0]?.leaves ?? 0,
  seconds,
  startSeconds,
  compileSeconds: await one("SELECT max(extract(epoch FROM started_at - requested_at)) AS n FROM recovery WHERE id = ANY($1::uuid[])", [
    runIds,
  ]),
  statements: counted,
  walBytes: (await wal()) - walBefore,
  nodeCpuSeconds: (used.user + used.system) / 1e6,
  heapMib,
  peakMib: peakMemoryMib(process.pid),
  ledger: free?.ledger.length ?? null,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
