/**
 * A simulated month of the lag of 5,000 VMs: what a measurement takes, how many rows its history has against the documented bound, and how long
 * charts take. `npm run bench:lag -- [GROUPS] [QUERIES]`, 250 groups of 20 VMs and 1,000 queries when left out; exit code 1 when the 99th
 * percentile of the queries is over 100 ms, or there are more rows than documented.
 */
import { type Database, openDatabase } from "../src/database/database.ts";
import { createContext } from "../src/domain/context.ts";
import { encodeId } from "../src/domain/ids.ts";
import { openLoaders } from "../src/domain/loaders.ts";
import { measureLag } from "../src/engine/lag/measure.ts";
import { mostSamples } from "../src/engine/lag/resolutions.ts";
import { expireLag } from "../src/engine/lag/retention.ts";
import { createFeeds } from "../src/events/feed.ts";
import { aCaller } from "../test/support/caller.ts";
import { operator } from "../test/support/node.ts";
import { operation } from "../test/support/operation.ts";
import { aGroup, aPair, aPlan } from "../test/support/rows.ts";
import { servicesOf } from "../test/support/services.ts";
import { numbersIn } from "./support/arguments.ts";
import { listenForInterrupts } from "./support/interrupt.ts";
import { startServer } from "./support/server.ts";

const [groupCount = 250, queryCount = 1_000] = numbersIn(process.argv.slice(2), "npm run bench:lag -- [GROUPS] [QUERIES]");
listenForInterrupts();
const vmsPerGroup = 20;
const groupsPerPlan = 5;
const day = 86_400;
const days = 30;
const daysAtOnce = 3;
const most = 100;

const milliseconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
const print = (line: string) => process.stdout.write(`${line}\n`);

async function clockAt({ pool }: Database, seconds: number): Promise<void> {
  const now = `SELECT to_timestamp(${seconds})`;
  await pool.query(`CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS '${now}'`);
}

/** A cycle each half of the RPO, whose copy takes up to a minute; one in a hundred is left out, and the link of each group is down for two hours once. */
const pointsText = `INSERT INTO completed_point (group_id, taken_at, completed_at)
  SELECT g.id, to_timestamp(at), to_timestamp(at + 60 * random()) FROM protection_group g, generate_series($1::bigint, $2::bigint, 450) AS at
  WHERE random() > 0.01 AND abs(at - $3::float8 - (hashtext(g.id::text)::bigint + 2147483648) / 4294967296.0 * $4::float8) > 3600
  ON CONFLICT DO NOTHING`;

interface Subjects {
  readonly plans: readonly string[];
  readonly groups: readonly string[];
  readonly vms: readonly string[];
  readonly site: string;
}

async function populate(database: Database): Promise<Subjects> {
  const pair = await aPair(database);
  const made = [];
  for (let at = 0; at < groupCount; at++) made.push(await aGroup(database, pair, `group-${at}`, vmsPerGroup));
  const plans = [];
  for (let at = 0; at < groupCount; at += groupsPerPlan) {
    plans.push(await aPlan(database, pair, `plan-${at}`, [{ groupIds: made.slice(at, at + groupsPerPlan).map(({ groupId }) => groupId) }]));
  }
  const groups = made.map(({ groupId }) => groupId);
  return { plans, groups, vms: made.flatMap(({ vmIds }) => vmIds), site: pair.protectedSiteId };
}

const fields = "stepSeconds points { time minLagSeconds averageLagSeconds maxLagSeconds worstPercentOfRpo withinRpoPercent }";
const charts = `query ($plan: ID!, $group: ID!, $vm: ID!, $site: ID!, $from: DateTime!, $points: Int!) {`;
const series = `lagSeries(from: $from, points: $points) { ${fields} }`;
const queries = {
  "a site": `${charts} site(id: $site) { ${series} } }`,
  "a plan": `${charts} recoveryPlan(id: $plan) { ${series} } }`,
  "a group": `${charts} protectionGroup(id: $group) { ${series} } }`,
  "a VM": `${charts} vm(id: $vm) { replicationInfo { ${series} } } }`,
  "25 plans, small": `query ($from: DateTime!) { recoveryPlans(first: 25) { nodes { lagSeries(from: $from, points: 40) { points { time averageLagSeconds } } } } }`,
};

async function chartTimes(database: Database, subjects: Subjects, now: number): Promise<number> {
  const loaders = openLoaders(database, { slotsPerSite: 20 });
  const feeds = createFeeds({
    pool: database.pool,
    wakeUps: { on: () => () => {}, hint() {}, close: async () => {} },
    generation: () => 1,
    log: { warn() {} },
  });
  const dependencies = { loaders, feeds, generation: 1, services: servicesOf(database) };
  const any = (ids: readonly string[]) => ids[Math.floor(Math.random() * ids.length)] ?? "";
  const took = new Map<string, number[]>();
  const documents = Object.entries(queries).map(([name, text]) => [name, operation(text)] as const);
  for (const [name] of documents) took.set(name, []);
  for (let nth = 0; nth < queryCount + documents.length; nth++) {
    const [name, chart] = documents[nth % documents.length] ?? ["", operation("{ __typename }")];
    const range = nth % 4 === 3 ? 7 : days;
    const variableValues = {
      plan: encodeId("RecoveryPlan", any(subjects.plans)),
      group: encodeId("ProtectionGroup", any(subjects.groups)),
      vm: encodeId("VirtualMachine", any(subjects.vms)),
      site: encodeId("Site", subjects.site),
      from: new Date((now - range * day) * 1000).toISOString(),
      points: nth % 2 === 0 ? 200 : 500,
    };
    const contextValue = createContext(dependencies, aCaller(operator), new AbortController().signal);
    const time = await milliseconds(() => chart(variableValues, contextValue));
    if (nth >= documents.length) took.get(name)?.push(time); // the first of each plans its statements
  }
  feeds.close();
  const percentile = (times: readonly number[], share: number) => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0;
  for (const [name, times] of took) {
    print(`chart of ${name}: median ${percentile(times, 0.5).toFixed(1)} ms, 99th percentile ${percentile(times, 0.99).toFixed(1)} ms`);
  }
  return percentile([...took.values()].flat(), 0.99);
}

await using server = await startServer();
await using database = await openDatabase({ url: server.url });
const { pool, prisma } = database;
const subjects = await populate(database);
const start = Math.floor(Date.now() / 1000 / day) * day;
const end = start + days * day;
await clockAt(database, start);
await pool.query(pointsText, [start - 450, start - 450, 0, 1]);
await measureLag(pool);
const filling = await milliseconds(async () => {
  for (let from = start; from < end; from += daysAtOnce * day) {
    await pool.query(pointsText, [from, from + daysAtOnce * day - 1, start, days * day]);
    await clockAt(database, from + daysAtOnce * day);
    await measureLag(pool);
    await expireLag(pool, new AbortController().signal);
  }
});
await pool.query("ANALYZE");
const rows = (await prisma.lagSample.count()) + (await prisma.lagSampleOpen.count());
const subjectCount = subjects.groups.length + subjects.plans.length + 1;
const bound = subjectCount * mostSamples;
print(
  `${subjects.vms.length} VMs in ${subjects.groups.length} groups and ${subjects.plans.length} plans: ${days} days in ${(filling / 1000).toFixed(0)} s`,
);
const { rows: sizes } = await pool.query(
  "SELECT (pg_total_relation_size('lag_sample') + pg_total_relation_size('lag_sample_open')) / 1048576 AS mib",
);
print(`${rows} rows of lag, ${sizes[0]?.mib} MiB; documented: at most ${bound}. RPO violations: ${await prisma.rpoViolation.count()}`);
const slowest = await chartTimes(database, subjects, end);
print(`all charts: 99th percentile ${slowest.toFixed(1)} ms`);
await clockAt(database, end + 30);
print(`one measurement: ${(await milliseconds(() => measureLag(pool))).toFixed(0)} ms`);
await clockAt(database, end + 3_600);
print(`one in which every VM is late: ${(await milliseconds(() => measureLag(pool))).toFixed(0)} ms`);
const open = await prisma.rpoViolation.count({ where: { closedAt: null } });
await clockAt(database, end + 3_630);
print(`one with ${open} open violations: ${(await milliseconds(() => measureLag(pool))).toFixed(0)} ms`);
process.exitCode = slowest <= most && rows <= bound ? 0 : 1;
