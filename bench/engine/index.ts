/** The engine: steps a second beside DBOS, runs of up to 25,000 VMs against their critical path, many at once, and what others feel of it. */
import { chosenOf, type PartOptions } from "../support/arguments.ts";
import { figure, type Goal, goalTable, type Section, type Table } from "../support/section.ts";
import { type BenchServer, startBenchServer } from "../support/server.ts";
import { type LatencyResult, measureLatency, p99 } from "./latency.ts";
import { type Many, type ManySizes, manyTable, measureMany } from "./many.ts";
import { measureOnLab, measureSpeed, type Speed, speedTable } from "./speed.ts";

interface Sizes {
  readonly speed: {
    readonly rounds: number;
    readonly vms: number;
    readonly largeVms: number;
    readonly labVms: number;
    readonly dbosSteps: number;
  };
  readonly many: ManySizes;
  readonly latency: { readonly small: number; readonly large: number; readonly speed: number; readonly others: number };
}

const full: Sizes = {
  speed: { rounds: 3, vms: 5_000, largeVms: 25_000, labVms: 2_000, dbosSteps: 20_000 },
  many: { plans: 10, vms: 2_000 },
  latency: { small: 500, large: 25_000, speed: 1, others: 120 },
};
const short: Sizes = {
  speed: { rounds: 1, vms: 500, largeVms: 1_000, labVms: 200, dbosSteps: 1_000 },
  many: { plans: 2, vms: 100 },
  latency: { small: 20, large: 100, speed: 20, others: 4 },
};

/** What was measured; what is left out was not asked for. */
export interface Found {
  readonly speed?: Speed;
  readonly large?: Speed;
  readonly lab?: Speed;
  readonly oneNode?: Many;
  readonly threeNodes?: Many;
  readonly small?: LatencyResult;
  readonly huge?: LatencyResult;
}

export async function run({ short: isShort, only }: PartOptions): Promise<Section> {
  return sectionOf(await measure(isShort, only), isShort);
}

/** `only`: what has this in its name. Each piece has a server of its own, so that none pays for the rows of another. */
export async function measure(isShort: boolean, only = ""): Promise<Found> {
  const { speed, many, latency } = isShort ? short : full;
  const names: string[] = [];
  const piece = async <T>(name: string, what: (server: BenchServer) => Promise<T>) => {
    names.push(name);
    if (!name.includes(only)) return null;
    process.stderr.write(`${name}\n`);
    return await onServer(what);
  };
  const withLatencies = (vms: number) => (server: BenchServer) => measureLatency(server, vms, latency.speed, latency.others);
  const found = {
    speed: await piece("speed beside DBOS", (server) => measureSpeed(server, speed.rounds, speed.vms, speed.dbosSteps)),
    large: await piece("speed of the largest plan", (server) => measureSpeed(server, 1, speed.largeVms, speed.dbosSteps)),
    lab: await piece("speed on the lab", (server) => measureOnLab(server, speed.labVms)),
    oneNode: await piece("many over one node", (server) => measureMany(server, 1, many)),
    threeNodes: await piece("many over three nodes", (server) => measureMany(server, 3, many)),
    small: await piece("latencies of a small plan", withLatencies(latency.small)),
    huge: await piece("latencies of the largest plan", withLatencies(latency.large)),
  };
  chosenOf(names, only);
  return Object.fromEntries(Object.entries(found).filter(([, result]) => result !== null));
}

export function sectionOf(found: Found, isShort: boolean): Section {
  const { many, latency } = isShort ? short : full;
  const speeds = [found.speed, found.large, found.lab].filter((speed) => speed !== undefined);
  const manys = [found.oneNode, found.threeNodes].filter((many) => many !== undefined);
  const runs = [found.small, found.huge].filter((run) => run !== undefined);
  return {
    title: "Engine",
    wrong: [...[...speeds, ...manys].flatMap(({ wrong }) => wrong), ...runs.flatMap(wrongOf)],
    tables: [
      goalTable(goalsOf(found)),
      ...(speeds.length > 0 ? [speedTable(speeds)] : []),
      ...(manys.length > 0 ? [manyTable(manys, many)] : []),
      ...(runs.length > 0 ? [latencyTable(runs, latency.speed), othersTable(runs)] : []),
    ],
  };
}

async function onServer<T>(measure: (server: BenchServer) => Promise<T>): Promise<T> {
  await using server = await startBenchServer();
  return await measure(server);
}

const wrongOf = ({ vms, resultState }: LatencyResult): string[] =>
  resultState === "SUCCESS" ? [] : [`The run of ${vms} VMs on the lab ended ${resultState}.`];

const seconds = (value: number) => `${figure(value)} s`;

const latencyTable = (runs: readonly LatencyResult[], speed: number): Table => ({
  title: `Runs with latencies (lab ${speed === 1 ? "at its real speed" : `${speed} times faster than real`}), as many effects at once as there are`,
  columns: ["VMs", "preview", "startRecovery", "wall", "critical path", "wall / path", "gateway CPU", "PostgreSQL CPU", "memory at most"],
  rows: runs.map((run) => [
    run.vms.toLocaleString("en"),
    seconds(run.previewSeconds),
    seconds(run.startSeconds),
    seconds(run.wallSeconds),
    seconds(run.pathSeconds),
    figure(run.wallSeconds / run.pathSeconds),
    seconds(run.gatewayCpuSeconds),
    seconds(run.postgresCpuSeconds),
    `${figure(run.peakMib)} MiB`,
  ]),
  notes: [
    "The critical path is of the lab's own durations, so the wall includes when the gateway hears of an end. PostgreSQL carries the lab too.",
  ],
});

const othersTable = (runs: readonly LatencyResult[]): Table => ({
  title: "What others feel of it, in the same process",
  columns: ["VMs of the run", "asked", "times", "p50", "p99", "longest"],
  rows: runs.flatMap((run) => [
    waitRow(run, "startRecovery of another plan", run.starts),
    waitRow(run, "the plan, nested", run.plans),
    waitRow(run, "the run's header", run.headers),
  ]),
});

function waitRow({ vms }: LatencyResult, what: string, times: readonly number[]): string[] {
  const sorted = times.toSorted((a, b) => a - b);
  const ms = (value: number | undefined) => `${figure(value ?? Number.NaN)} ms`;
  return [
    vms.toLocaleString("en"),
    what,
    String(times.length),
    ms(sorted[Math.floor(sorted.length / 2)]),
    ms(p99(times)),
    ms(sorted.at(-1)),
  ];
}

function goalsOf({ speed, large: largest, small, huge: large }: Found): Goal[] {
  const ratio = (run: LatencyResult | undefined) => (run === undefined ? null : run.wallSeconds / run.pathSeconds);
  const asks = large === undefined ? null : p99([...large.plans, ...large.headers]);
  return [
    { what: "steps a second over DBOS'", measured: speed?.ratio ?? null, goal: 8, floor: 5, better: "more", unit: "×" },
    { what: "the same, the largest plan", measured: largest?.ratio ?? null, goal: 8, floor: 5, better: "more", unit: "×" },
    { what: "wall over critical path, the small plan", measured: ratio(small), goal: 1.02, better: "less", unit: "×" },
    { what: "wall over critical path, the large plan", measured: ratio(large), goal: 1.1, better: "less", unit: "×" },
    { what: "memory for the large plan", measured: large?.peakMib ?? null, goal: 1024, better: "less", unit: "MiB" },
    {
      what: "startRecovery meanwhile, p99",
      measured: large === undefined ? null : p99(large.starts),
      goal: 200,
      better: "less",
      unit: "ms",
    },
    { what: "API meanwhile, p99", measured: asks, goal: 100, better: "less", unit: "ms" },
  ];
}
