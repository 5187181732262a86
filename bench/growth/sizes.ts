/** Databases of growing size, each with a gateway on it, all open at once: rounds go over all of them, so that a slow moment is slow for all. */
import { setTimeout as delay } from "node:timers/promises";
import { type Data, fill } from "../data/fill.ts";
import { addRun } from "../data/run.ts";
import { openProduct } from "../read/contenders.ts";
import { documents, type OperationName } from "../read/documents.ts";
import { median } from "../support/figures.ts";
import type { Load } from "../support/load.ts";
import { cpuSeconds } from "../support/proc.ts";
import { inRounds, type Runner, type Sample } from "../support/rounds.ts";
import { type BenchServer, startBenchServer } from "../support/server.ts";

const steps = 1_001;

export interface Size {
  readonly plans: number;
  readonly vms: number;
  readonly server: BenchServer;
  readonly data: Data;
  readonly product: Awaited<ReturnType<typeof openProduct>>;
  readonly runId: string;
}

/** Twenty VMs a plan, in two groups. */
export async function openSize(open: AsyncDisposableStack, plans: number): Promise<Size> {
  const server = open.use(await startBenchServer());
  const data = await fill(server.database, server.url, { plans, groupsPerPlan: 2, vmsPerGroup: 10 });
  const runId = await addRun(server.database, data.planIds[0] ?? "", steps);
  const product = open.use(await openProduct(server.url));
  return { plans, vms: plans * 20, server, data, product, runId };
}

export const loadNames = ["one plan", "plan list", "a run of 1,000 steps"] as const;
export type GrowthLoad = (typeof loadNames)[number];

/** The same documents as the read path's. */
export function runnersOf({ product, data, runId }: Size): Runner[] {
  const body = (operationName: OperationName, variables: object) =>
    JSON.stringify({ query: documents[operationName], operationName, variables });
  const { idOf } = product;
  // As many as every size has, all over the data: where keys are equal, requests share statements.
  const some = Array.from({ length: 10 }, (_, at) => data.planIds[Math.floor((at * data.planIds.length) / 10)] ?? "");
  const bodies: Readonly<Record<GrowthLoad, readonly string[]>> = {
    "one plan": (data.planIds.length < 1_000 ? some : data.planIds).map((id) => body("Plan", { id: idOf("RecoveryPlan", id) })),
    "plan list": [body("PlanList", { first: 25 })],
    "a run of 1,000 steps": [body("Steps", { id: idOf("Recovery", runId), first: 500 })],
  };
  return loadNames.map((name) => ({
    name,
    pid: product.pid,
    target: { url: product.url, headers: product.headers, bodies: bodies[name] },
  }));
}

interface Used {
  readonly gateway: number;
  readonly postgres: number;
}

/** CPU seconds a second that a size takes while nobody asks. */
export interface Background extends Used {
  /** In most moments as long as a load: much of it comes in bursts, which few loads meet. */
  readonly mostly: Used;
}

/** Of all sizes at once: what goes on by itself would be counted with the requests else. */
export async function backgroundOf(sizes: readonly Size[], seconds: number, momentSeconds: number): Promise<readonly Background[]> {
  const now = () => sizes.map(({ product, server }): Used => ({ gateway: cpuSeconds(product.pid), postgres: cpuSeconds(server.pid) }));
  const seen = [now()];
  for (let left = Math.ceil(seconds / momentSeconds); left > 0; left--) {
    await delay(momentSeconds * 1000);
    seen.push(now());
  }
  return sizes.map((_, size) => {
    const moments = seen.slice(1).map((after, at): Used => {
      const [from, to] = [seen[at]?.[size], after[size]];
      if (from === undefined || to === undefined) throw new Error("There is no such moment.");
      return { gateway: (to.gateway - from.gateway) / momentSeconds, postgres: (to.postgres - from.postgres) / momentSeconds };
    });
    const of = (value: (used: Used) => number) => moments.map(value);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      gateway: mean(of(({ gateway }) => gateway)),
      postgres: mean(of(({ postgres }) => postgres)),
      mostly: { gateway: median(of(({ gateway }) => gateway)), postgres: median(of(({ postgres }) => postgres)) },
    };
  });
}

export type Samples = ReadonlyMap<GrowthLoad, readonly Sample[]>;

export interface LoadSizesOptions {
  readonly rounds: number;
  /** Before those that count: each gateway compiles what it finds hot, and the first rounds of a run of steps took up to twice as much. */
  readonly warmRounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly background: readonly Background[];
}

/** Of each size, in their order. */
export async function loadSizes(
  load: Load,
  sizes: readonly Size[],
  { rounds, warmRounds, seconds, warmSeconds, background }: LoadSizesOptions,
): Promise<readonly Samples[]> {
  const found = sizes.map(() => new Map<GrowthLoad, Sample[]>(loadNames.map((name) => [name, []])));
  const runners = sizes.map(runnersOf);
  for (let round = -warmRounds; round < rounds; round++) {
    for (const [at, { server }] of sizes.entries()) {
      const shape = { connections: 20, rounds: 1, seconds, warmSeconds };
      const samples = await inRounds({ load, postgresPid: server.pid, runners: runners[at] ?? [], ...shape });
      if (round < 0) continue;
      for (const name of loadNames)
        found[at]?.get(name)?.push(...(samples.get(name) ?? []).map((sample) => without(sample, background[at])));
    }
  }
  return found;
}

/** The sample, but for what would have been used anyway. */
function without(sample: Sample, background: Background | undefined): Sample {
  const each = (used: number | undefined) => ((used ?? 0) * 1000) / sample.requestsPerSecond;
  return {
    ...sample,
    gatewayCpuMs: sample.gatewayCpuMs - each(background?.mostly.gateway),
    postgresCpuMs: sample.postgresCpuMs - each(background?.mostly.postgres),
  };
}
