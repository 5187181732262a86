/** The engine without latencies beside DBOS Transact, one after the other on one server; and the lab's own cost. */

import { medianRatio } from "../support/figures.ts";
import { cpuSeconds } from "../support/proc.ts";
import { figure, type Table } from "../support/section.ts";
import type { BenchServer } from "../support/server.ts";
import { type DbosResult, runDbos, runEngine } from "./processes.ts";
import { makePlans } from "./stage.ts";
import type { EngineResult } from "./task.ts";

interface Measured<R> {
  readonly result: R;
  readonly postgresSeconds: number;
}

/** Rows of the table of speeds. */
export interface Speed {
  readonly rows: readonly (readonly string[])[];
  readonly wrong: readonly string[];
  /** The engine's steps per second over DBOS', the median of the rounds; null: DBOS was not asked. */
  readonly ratio: number | null;
  readonly peakMib: number;
}

/** So many workflows side by side is where DBOS is fastest here: with 20 and with 200 it does less. */
const workflows = 1_000;

/** As many as DBOS does steps before it is measured. */
const warmUpVms = 10;

/** `rounds` times a plan of so many VMs, and DBOS after each. */
export async function measureSpeed(server: BenchServer, rounds: number, vms: number, dbosSteps: number): Promise<Speed> {
  const planIds = await makePlans(server, `speed-${vms}`, Array<number>(rounds).fill(vms));
  const warmUps = await makePlans(server, `warm-up-${vms}`, Array<number>(rounds).fill(warmUpVms));
  const engines: Measured<EngineResult>[] = [];
  const peers: Measured<DbosResult>[] = [];
  for (const [round, planId] of planIds.entries()) {
    engines.push(await engineOn(server, planId, "free", warmUps[round]));
    peers.push(await dbosOn(server, `dbos_${vms}_${round}`, dbosSteps));
  }
  const engineRates = engines.map(({ result }) => result.leaves / result.seconds);
  const peerRates = peers.map(({ result }) => result.steps / result.seconds);
  return {
    rows: [...engines.map((one) => engineRow(`engine, ${vms.toLocaleString("en")} VMs`, one)), ...peers.map(dbosRow)],
    wrong: engines.flatMap(({ result }) => wrongOf(result)),
    ratio: medianRatio(engineRates, peerRates),
    peakMib: Math.max(...engines.map(({ result }) => result.peakMib)),
  };
}

/** The same on the lab, without latencies: every effect is a change of its tables, on the same server. */
export async function measureOnLab(server: BenchServer, vms: number): Promise<Speed> {
  const [planId = "", warmUp] = await makePlans(server, "lab", [vms, warmUpVms]);
  const one = await engineOn(server, planId, "lab", warmUp);
  return {
    rows: [engineRow(`engine, ${vms.toLocaleString("en")} VMs on the lab`, one)],
    wrong: wrongOf(one.result),
    ratio: null,
    peakMib: one.result.peakMib,
  };
}

export const speedTable = (speeds: readonly Speed[]): Table => ({
  title: "Steps without latencies",
  columns: [
    "who",
    "steps",
    "steps/s",
    "without start and compilation",
    "gateway CPU",
    "PostgreSQL CPU",
    "statements a step",
    "WAL a step",
    "memory at most",
  ],
  rows: speeds.flatMap(({ rows }) => rows),
  notes: [
    "A step of the engine is a leaf of its tree that did something: its start and its end are written, each with its event in the chain of hashes. From the request to the end, with snapshot, compilation and the writing of the tree.",
    `A step of DBOS does nothing, in ${workflows} workflows side by side. Both have done some ${warmUpVms} before. The engine's sites cost nothing either, but where the lab is named.`,
    "What keeps the engine from its goal is its journal: for more than half of a run one session of PostgreSQL writes each step's row twice and each event with its hash, one commit after the other.",
  ],
});

async function engineOn(
  server: BenchServer,
  planId: string,
  sites: "free" | "lab",
  warmUpPlanId: string | undefined,
): Promise<Measured<EngineResult>> {
  const before = cpuSeconds(server.pid);
  const result = await runEngine({
    url: server.url,
    sites,
    speed: 0,
    kind: "TEST",
    planIds: [planId],
    ...(warmUpPlanId && { warmUpPlanId }),
  });
  return { result, postgresSeconds: cpuSeconds(server.pid) - before };
}

async function dbosOn(server: BenchServer, database: string, steps: number): Promise<Measured<DbosResult>> {
  await server.database.pool.query(`CREATE DATABASE ${database}`);
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  const before = cpuSeconds(server.pid);
  const result = await runDbos(url.href, steps, workflows);
  return { result, postgresSeconds: cpuSeconds(server.pid) - before };
}

export const wrongOf = (result: EngineResult): string[] => {
  const { good, runIds } = result;
  return good === runIds.length ? [] : [`${runIds.length - good} of ${runIds.length} runs did not end well.`];
};

const micro = (seconds: number, steps: number) => `${figure((seconds * 1e6) / steps)} µs`;

function engineRow(who: string, { result, postgresSeconds }: Measured<EngineResult>): string[] {
  const { leaves, seconds, compileSeconds, nodeCpuSeconds, statements, walBytes, peakMib } = result;
  return [
    who,
    leaves.toLocaleString("en"),
    figure(leaves / seconds),
    figure(leaves / (seconds - compileSeconds)),
    micro(nodeCpuSeconds, leaves),
    micro(postgresSeconds, leaves),
    figure(statements / leaves),
    `${figure(walBytes / leaves / 1024)} KiB`,
    `${figure(peakMib)} MiB`,
  ];
}

const dbosRow = ({ result: { steps, seconds, nodeCpuSeconds }, postgresSeconds }: Measured<DbosResult>): string[] => [
  "DBOS",
  steps.toLocaleString("en"),
  figure(steps / seconds),
  figure(steps / seconds),
  micro(nodeCpuSeconds, steps),
  micro(postgresSeconds, steps),
  "",
  "",
  "",
];
