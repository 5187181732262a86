/** Databases of growing size, each with a gateway on it, all open at once: rounds go over all of them, so that a slow moment is slow for all. */
import { type Data, fill } from "../data/fill.ts";
import { addRun } from "../data/run.ts";
import { openProduct } from "../read/contenders.ts";
import { documents, type OperationName } from "../read/documents.ts";
import type { Load } from "../support/load.ts";
import { type Runner, type Sample, takeSample } from "../support/rounds.ts";
import { type BenchServer, startBenchServer } from "../support/server.ts";
import { type Background, besideNoLag, without } from "./background.ts";

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
export function runnerOf({ product, data, runId }: Size, name: GrowthLoad): Runner {
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
  return { name, pid: product.pid, target: { url: product.url, headers: product.headers, bodies: bodies[name] } };
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

/** Of each size, in their order. All sizes have a load right after each other, and take turns in who comes first. */
export async function loadSizes(load: Load, sizes: readonly Size[], options: LoadSizesOptions): Promise<readonly Samples[]> {
  const { rounds, warmRounds, background, ...length } = options;
  const measured = sizes.map((size, at) => ({
    size,
    background: background[at],
    runners: loadNames.map((name) => runnerOf(size, name)),
    samples: new Map<GrowthLoad, Sample[]>(loadNames.map((name) => [name, []])),
  }));
  const largest = sizes.at(-1);
  if (largest === undefined) return [];
  for (let round = 0; round < warmRounds + rounds; round++) {
    for (const [turn, name] of loadNames.entries()) {
      for (const { size, background: beside, runners, samples } of round % 2 === 0 ? measured : measured.toReversed()) {
        const runner = runners[turn];
        if (runner === undefined) continue;
        const shape = { load, postgresPid: size.server.pid, connections: 20, ...length };
        const sample = await besideNoLag(largest, () => takeSample(runner, round, shape));
        if (round >= warmRounds) samples.get(name)?.push(without(sample, beside));
      }
    }
  }
  return measured.map(({ samples }) => samples);
}
