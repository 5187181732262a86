/** What grows with the data and what does not: reading, starting, importing, what goes on by itself, and retention beside a load. */
import { setTimeout as delay } from "node:timers/promises";
import { chosenOf, type PartOptions } from "../support/arguments.ts";
import { chanceOfMedian, median } from "../support/figures.ts";
import { startLoad } from "../support/load.ts";
import type { Sample } from "../support/rounds.ts";
import { figure, goalTable, type Section, type Table } from "../support/section.ts";
import { type Background, backgroundOf } from "./background.ts";
import { type Idle, idle } from "./idle.ts";
import { type ImportTime, importTimes } from "./import.ts";
import { type BesideRetention, besideRetention } from "./retention.ts";
import { type GrowthLoad, loadNames, loadSizes, openSize, type Samples, type Size } from "./sizes.ts";

const full = {
  sizes: [10, 100, 1_000, 10_000],
  vms: 25_000,
  oldRows: 300_000,
  ...{ rounds: 24, warmRounds: 4, seconds: 0.8, warmSeconds: 0.2, loadSeconds: 6, idleSeconds: 45, settleSeconds: 8, firstSeconds: 30 },
};
const small = {
  sizes: [10, 100],
  vms: 500,
  oldRows: 5_000,
  ...{ rounds: 1, warmRounds: 0, seconds: 0.5, warmSeconds: 0.5, loadSeconds: 1, idleSeconds: 2, settleSeconds: 1, firstSeconds: 0 },
};

/** `only`: tables of "reading", "retention", "idle" or "import". */
export async function run({ short, only }: PartOptions): Promise<Section> {
  const {
    sizes: wanted,
    vms,
    oldRows,
    rounds,
    warmRounds,
    seconds,
    warmSeconds,
    loadSeconds,
    idleSeconds,
    settleSeconds,
    firstSeconds,
  } = short ? small : full;
  const tables: Table[] = [];
  const chosen = chosenOf(["reading", "retention", "idle", "import"], only);
  const asked = (name: string) => {
    if (chosen.includes(name)) process.stderr.write(`${name}\n`);
    return chosen.includes(name);
  };
  if (asked("import")) tables.push(importTable(await importTimes(vms), vms));
  await using open = new AsyncDisposableStack();
  const sizes: Size[] = [];
  for (const plans of wanted) sizes.push(await openSize(open, plans));
  const load = open.use(startLoad());
  const largest = sizes.at(-1);
  if (largest === undefined) throw new Error("There is no size.");
  if (asked("reading")) {
    await delay(firstSeconds * 1000); // what a gateway does once: each group's first sample of lag
    const background = await backgroundOf(sizes, idleSeconds, seconds);
    const samples = await loadSizes(load, sizes, { rounds, warmRounds, seconds, warmSeconds, background });
    tables.unshift(goals(sizes, samples), ...loadNames.map((name) => curve(name, sizes, samples)), starts(sizes, background));
  }
  if (asked("retention")) tables.push(retentionTable(await besideRetention(load, largest, oldRows, loadSeconds)));
  if (asked("idle")) tables.push(idleTable([{ size: largest, idle: await idle(largest, idleSeconds, settleSeconds) }]));
  return { title: "Growth", wrong: [], tables };
}

const cpuOf = ({ gatewayCpuMs, postgresCpuMs }: Sample) => gatewayCpuMs + postgresCpuMs;

/** To the same of another size, round by round: a slow moment is slow for all sizes. */
function ratiosOf(name: GrowthLoad, samples: Samples | undefined, to: Samples | undefined): number[] {
  const base = to?.get(name) ?? [];
  return (samples?.get(name) ?? []).map((sample, round) => cpuOf(sample) / cpuOf(base[round] ?? sample));
}

/** Flat is what differs by no more. */
const tolerance = 0.2;

/** Between the two largest sizes the same is asked of more rows; at the small ones equal keys share statements. */
function goals(sizes: readonly Size[], samples: readonly Samples[]): Table {
  const last = sizes.length - 1;
  const rows = loadNames.flatMap((name) => {
    const before = samples[last - 1];
    const largest = median(ratiosOf(name, samples[last], before));
    const smaller = samples.slice(0, last - 1).map((one) => ratiosOf(name, one, before));
    const between = `${name}: CPU a request with ${sizes[last]?.plans.toLocaleString("en")} plans to that with ${sizes[last - 1]?.plans.toLocaleString("en")}`;
    const below = {
      what: `${name}: the most with fewer plans to that`,
      measured: Math.max(...smaller.map(median)),
      goal: 1,
      floor: 1 + Math.min(tolerance, Math.max(...smaller.map(chanceOfMedian))),
      better: "less",
      unit: "×",
    } as const;
    return [
      { what: `${between}, at most`, measured: largest, goal: 1 + tolerance, better: "less", unit: "×" } as const,
      { what: `${between}, at least`, measured: largest, goal: 1 - tolerance, better: "more", unit: "×" } as const,
      ...(smaller.length > 0 ? [below] : []),
    ];
  });
  const ready = {
    what: `ready with ${sizes[last]?.vms.toLocaleString("en")} VMs`,
    measured: sizes[last]?.product.gateway.readyAfterSeconds ?? null,
    goal: 3,
    better: "less",
    unit: "s",
  } as const;
  const why =
    "The floor of what is to be no more is what chance explains: the rounds of two sizes that cost the same differ so far in their median.";
  return { ...goalTable([...rows, ready]), notes: [why] };
}

function curve(name: GrowthLoad, sizes: readonly Size[], samples: readonly Samples[]): Table {
  const of = (at: number, value: (sample: Sample) => number) => figure(median((samples[at]?.get(name) ?? []).map(value)));
  return {
    title: name,
    columns: ["plans", "VMs", "req/s", "gateway CPU ms", "PostgreSQL CPU ms", "p50 ms", "p99 ms"],
    rows: sizes.map(({ plans, vms }, at) => [
      plans.toLocaleString("en"),
      vms.toLocaleString("en"),
      of(at, ({ requestsPerSecond }) => requestsPerSecond),
      of(at, ({ gatewayCpuMs }) => gatewayCpuMs),
      of(at, ({ postgresCpuMs }) => postgresCpuMs),
      of(at, ({ p50Ms }) => p50Ms),
      of(at, ({ p99Ms }) => p99Ms),
    ]),
  };
}

const starts = (sizes: readonly Size[], background: readonly Background[]): Table => ({
  title: "Start, from the process to ready; then what it takes while nobody asks and nothing is due",
  columns: ["plans", "VMs", "seconds", "gateway, % of a core", "PostgreSQL, % of a core"],
  rows: sizes.map(({ plans, vms, product }, at) => [
    plans.toLocaleString("en"),
    vms.toLocaleString("en"),
    figure(product.gateway.readyAfterSeconds),
    figure((background[at]?.gateway ?? Number.NaN) * 100),
    figure((background[at]?.postgres ?? Number.NaN) * 100),
  ]),
  notes: [
    "The CPU of a request is without that, and measured beside no measurement of the largest size's lag, which comes in bursts; those of the others are small.",
  ],
});

const idleTable = (idles: readonly { readonly size: Size; readonly idle: Idle }[]): Table => ({
  title: "CPU seconds a minute while nobody asks: cycles, lag, inventories, readiness, heartbeats",
  columns: ["plans", "VMs", "gateway", "PostgreSQL, with the simulated sites", "gateway's memory MiB"],
  rows: idles.map(({ size, idle: used }) => [
    size.plans.toLocaleString("en"),
    size.vms.toLocaleString("en"),
    figure(used.gateway),
    figure(used.postgres),
    figure(used.memoryMib),
  ]),
});

const importTable = (imports: readonly ImportTime[], vms: number): Table => ({
  title: `npm run import of a file with ${vms.toLocaleString("en")} VMs`,
  columns: ["", "seconds", "peak memory MiB"],
  rows: imports.map(({ what, seconds, peakMib }) => [what, figure(seconds), figure(peakMib)]),
});

const retentionTable = ({ without, beside, removed, seconds }: BesideRetention): Table => ({
  title: "Retention beside the load of one plan",
  columns: ["", "p50 ms", "p99 ms"],
  rows: [
    ["without", figure(without.p50Ms), figure(without.p99Ms)],
    ["beside it", figure(beside.p50Ms), figure(beside.p99Ms)],
  ],
  notes: [`It removed ${removed.toLocaleString("en")} events and samples in ${figure(seconds)} s.`],
});
