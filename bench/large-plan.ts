/**
 * A plan of 500 machines on the lab with latencies scaled down: steps a second, statements a step, wall time against the longest
 * chain of its steps and against what the site's bound of concurrent operations allows. `npm run bench:plan -- MACHINES SPEED`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../src/database/database.ts";
import { startEmbedded } from "../src/database/embedded.ts";
import { migrate } from "../src/database/migrations.ts";
import { openLab } from "../src/providers/lab/lab.ts";
import { labSites } from "../test/support/lab.ts";
import { aNode, operator } from "../test/support/node.ts";
import { aPlan } from "../test/support/plan.ts";
import { ended } from "../test/support/run.ts";

const [machines = 500, speed = 100] = process.argv.slice(2).map(Number);
const groups = Math.max(1, Math.ceil(machines / 100));
const slots = 20;

interface Leaf {
  readonly ordinal: number;
  readonly parent: number | null;
  readonly after: number[];
  readonly needs: number[];
  readonly takes_slot: boolean;
  readonly seconds: number;
}

/** The longest chain of actual durations over what each step waited for. */
function longestChain(rows: readonly Leaf[]): number {
  const ends = new Map<number, number>();
  const children = new Map<number, number[]>();
  for (const { ordinal, parent } of rows) if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), ordinal]);
  const byOrdinal = new Map(rows.map((row) => [row.ordinal, row]));
  const waits = (row: Leaf): number[] => [
    ...row.after,
    ...row.needs,
    ...(row.parent === null ? [] : waits(byOrdinal.get(row.parent) ?? row)),
  ];
  const end = (ordinal: number): number => {
    const known = ends.get(ordinal);
    if (known !== undefined) return known;
    const row = byOrdinal.get(ordinal);
    if (!row) return 0;
    const inside = children.get(ordinal);
    const value = inside ? Math.max(...inside.map(end)) : Math.max(0, ...waits(row).map(end)) + row.seconds;
    ends.set(ordinal, value);
    return value;
  };
  return Math.max(...rows.map(({ ordinal }) => end(ordinal)));
}

const dataDir = await mkdtemp(join(tmpdir(), "dr-bench-"));
const server = await startEmbedded({ dataDir, instance: `bench-${process.pid}` });
try {
  await migrate(server.url);
  const database = await openDatabase({ url: server.url });
  const lab = await openLab({ url: server.url, speed, guestServices: false });
  const sites = labSites({ vms: machines, groups });
  await lab.define(sites.definition);
  const { planId } = await aPlan(database, sites, {});
  const node = await aNode(database, lab.provider, { operationsPerSite: slots, tickMs: 1000, pollMs: 50 });
  const statements = async () => Number((await database.pool.query("SELECT sum(xact_commit) AS n FROM pg_stat_database")).rows[0].n);
  let writes = 0;
  const query = database.pool.query.bind(database.pool);
  Object.assign(database.pool, {
    query: (...args: Parameters<typeof query>) => {
      const first: unknown = args[0];
      if (typeof first === "object" && first !== null && "name" in first && /^(journal|engine)-/.test(String(first.name))) writes++;
      return query(...args);
    },
  });
  const before = await statements();
  const cpu = process.cpuUsage();
  const from = performance.now();
  const { recoveryId } = await node.recoveries.start(operator, { planId, recoveryType: "TEST" });
  const run = await ended(database, recoveryId, 600);
  const wall = (performance.now() - from) / 1000;
  const used = process.cpuUsage(cpu);
  const { rows } = await query<Leaf>(
    `SELECT ordinal, parent, after, needs, kind IN ('SYNCHRONISE','CREATE_SNAPSHOT','REGISTER_VM','POWER_ON','CUSTOMISE_IP') AS takes_slot,
      COALESCE(extract(epoch FROM ended_at - started_at), 0)::float8 AS seconds FROM recovery_step WHERE run_id = $1`,
    [recoveryId],
  );
  const leaves = rows.filter(({ ordinal }) => !rows.some(({ parent }) => parent === ordinal));
  const chain = longestChain(rows);
  const bound = leaves.filter(({ takes_slot: slot }) => slot).reduce((sum, { seconds }) => sum + seconds, 0) / slots;
  const figure = (value: number) => value.toFixed(2);
  process.stdout.write(
    [
      `machines ${machines}, lab ${speed} times faster than real, ${slots} operations at the site at once: ${run.resultState}`,
      `leaf steps ${leaves.length}, wall ${figure(wall)} s, ${figure(leaves.length / wall)} steps/s, ${run.lastEvent} events`,
      `engine statements ${writes} (${figure(writes / leaves.length)} a step), transactions of gateway and lab ${(await statements()) - before}`,
      `longest chain ${figure(chain)} s (wall is ${figure(wall / chain)} times that), bound by ${slots} slots ${figure(bound)} s (wall is ${figure(wall / Math.max(chain, bound))} times the larger)`,
      `gateway CPU ${figure((used.user + used.system) / 1e6)} s, ${figure((used.user + used.system) / 1000 / leaves.length)} ms a step`,
      "",
    ].join("\n"),
  );
  await node.close();
  await lab.close();
  await database.close();
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
