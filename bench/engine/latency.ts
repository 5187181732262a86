/** The product as a process of its own, on the lab with its latencies: a run against its critical path, while others start runs and ask. */
import { setTimeout as delay } from "node:timers/promises";
import { type Api, field } from "../../demo/api.ts";
import { encodeId } from "../../src/domain/ids.ts";
import { documents } from "../read/documents.ts";
import { evaluated } from "../support/evaluated.ts";
import { percentile } from "../support/figures.ts";
import { startGateway } from "../support/gateway.ts";
import { cpuSeconds, peakMemoryMib } from "../support/proc.ts";
import type { BenchServer } from "../support/server.ts";
import { criticalPathSeconds } from "./chain.ts";
import { makePlans } from "./stage.ts";

export interface LatencyResult {
  readonly vms: number;
  readonly resultState: string;
  readonly previewSeconds: number;
  readonly startSeconds: number;
  readonly wallSeconds: number;
  readonly pathSeconds: number;
  readonly gatewayCpuSeconds: number;
  readonly postgresCpuSeconds: number;
  readonly peakMib: number;
  /** While the run went on, in milliseconds. */
  readonly starts: readonly number[];
  readonly plans: readonly number[];
  readonly headers: readonly number[];
}

const start = `mutation Start($input: StartRecoveryInput!) {
  startRecovery(input: $input) { ... on StartRecoveryPayload { recovery { id } } ... on Error { message remedy } } }`;
const header = `query Header($id: ID!) { recovery(id: $id) {
  planName state progressPercent currentStep estimatedCompletionTime vmCount vmsSucceeded vmsFailed resultState } }`;
const preview = `query Preview($planId: ID!) { previewRecovery(planId: $planId, recoveryType: TEST) { allowed expectedSeconds steps(first: 100) { totalCount nodes { number name } } } }`;

const startEveryMs = 500;
const askEveryMs = 200;

/** `others`: small plans that are tested meanwhile, each once. */
export async function measureLatency(server: BenchServer, vms: number, speed: number, others: number): Promise<LatencyResult> {
  const [planId = "", ...small] = await makePlans(server, `latency-${vms}`, [vms, ...Array.from({ length: others }, () => 1)]);
  await using gateway = await startGateway({
    databaseUrl: server.url,
    env: { LAB_SPEED: String(speed), MAX_OPERATIONS_PER_SITE: "100000" },
  });
  const api = await gateway.signIn();
  const id = encodeId("RecoveryPlan", planId);
  await settle(server, api, small);
  const [previewSeconds] = await timed(() => api.query(preview, { planId: id }));
  const before = { gateway: cpuSeconds(gateway.pid), postgres: cpuSeconds(server.pid) };
  const began = performance.now();
  const [startSeconds, answer] = await timed(() => api.query(start, { input: { planId: id, recoveryType: "TEST" } }));
  const recoveryId = String(field(answer, "startRecovery", "recovery", "id"));
  const asked = await askMeanwhile(api, recoveryId, small, id);
  const { rows } = await server.database.pool.query<{ id: string; seconds: number; result: string }>(
    `SELECT id, extract(epoch FROM ended_at - requested_at)::float8 AS seconds, result_state AS result FROM recovery
      WHERE plan_id = $1 AND ended_at IS NOT NULL`,
    [planId],
  );
  const [run] = rows;
  if (run === undefined) throw new Error(`the run of ${vms} VMs did not end within ${Math.round((performance.now() - began) / 1000)} s`);
  return {
    vms,
    resultState: run.result,
    previewSeconds,
    startSeconds,
    wallSeconds: run.seconds,
    pathSeconds: await criticalPathSeconds(server.database.pool, run.id),
    gatewayCpuSeconds: cpuSeconds(gateway.pid) - before.gateway,
    postgresCpuSeconds: cpuSeconds(server.pid) - before.postgres,
    peakMib: peakMemoryMib(gateway.pid),
    ...asked,
  };
}

const settleMs = 15_000;

/**
 * As a gateway is that has been up for a while: what begins with its start is over, each plan's readiness has been evaluated once, its code is warm,
 * and the tables are not empty for the planner.
 */
async function settle(server: BenchServer, api: Api, small: readonly string[]): Promise<void> {
  await delay(settleMs);
  await evaluated(server);
  for (const planId of small.slice(0, 10)) await api.query(preview, { planId: encodeId("RecoveryPlan", planId) });
  await server.database.pool.query("ANALYZE");
}

const mostSeconds = 400;

/** Until the run is over: starts others, and asks for a plan and for the run's header, as its page does. */
async function askMeanwhile(api: Api, recoveryId: string, small: readonly string[], planId: string) {
  const asked = { starts: [] as number[], plans: [] as number[], headers: [] as number[] };
  const deadline = performance.now() + mostSeconds * 1000;
  let isOver = false;
  const ask = async (into: number[], everyMs: number, question: (round: number) => Promise<unknown>) => {
    for (let round = 0; !isOver && performance.now() < deadline; round++) {
      const [seconds] = await timed(() => question(round));
      into.push(seconds * 1000);
      await delay(everyMs);
    }
  };
  await Promise.all([
    ask(asked.headers, askEveryMs, async () => {
      isOver ||= field(await api.query(header, { id: recoveryId }), "recovery", "resultState") !== null;
    }),
    ask(asked.plans, askEveryMs, () => api.query(documents.Plan, { id: planId })),
    ask(asked.starts, startEveryMs, async (round) => {
      const plan = small[round];
      if (plan === undefined) return delay(startEveryMs);
      const input = { planId: encodeId("RecoveryPlan", plan), recoveryType: "TEST" };
      return field(await api.query(start, { input }), "startRecovery", "recovery", "id");
    }),
  ]);
  return { ...asked, starts: asked.starts.slice(0, small.length) };
}

async function timed<T>(what: () => Promise<T>): Promise<readonly [seconds: number, answer: T]> {
  const began = performance.now();
  const answer = await what();
  return [(performance.now() - began) / 1000, answer];
}

export const p99 = (milliseconds: readonly number[]): number => percentile(milliseconds, 0.99);
