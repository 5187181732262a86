/** Ten disaster recoveries at once, over one node and over three. */
import { figure, type Table } from "../support/section.ts";
import type { BenchServer } from "../support/server.ts";
import { runEngine } from "./processes.ts";
import { wrongOf } from "./speed.ts";
import { makePlans } from "./stage.ts";
import type { EngineResult } from "./task.ts";

export interface ManySizes {
  readonly plans: number;
  readonly vms: number;
}

export interface Many {
  readonly row: readonly string[];
  readonly wrong: readonly string[];
}

export async function measureMany(server: BenchServer, nodes: number, { plans, vms }: ManySizes): Promise<Many> {
  const planIds = await makePlans(server, `many-${nodes}`, Array<number>(plans).fill(vms));
  const began = performance.now();
  const shares = Array.from({ length: nodes }, (_, node) => planIds.filter((_, at) => at % nodes === node));
  const task = { url: server.url, sites: "free", speed: 0, kind: "DISASTER" } as const;
  const results = await Promise.all(shares.map((share) => runEngine({ ...task, planIds: share })));
  return { row: rowOf(nodes, results, (performance.now() - began) / 1000), wrong: results.flatMap(wrongOf) };
}

export const manyTable = (found: readonly Many[], { plans, vms }: ManySizes): Table => ({
  title: `${plans} disaster recoveries of ${vms.toLocaleString("en")} VMs each at once, on as many pairs of sites`,
  columns: ["nodes", "steps", "until all are over", "steps/s", "memory of a node at most"],
  rows: found.map(({ row }) => row),
  notes: ["With the start of the nodes' processes. Sites cost nothing."],
});

function rowOf(nodes: number, results: readonly EngineResult[], seconds: number): string[] {
  const steps = results.reduce((sum, { leaves }) => sum + leaves, 0);
  const longest = Math.max(...results.map((result) => result.seconds));
  return [
    String(nodes),
    steps.toLocaleString("en"),
    `${figure(seconds)} s`,
    figure(steps / longest),
    `${figure(Math.max(...results.map(({ peakMib }) => peakMib)))} MiB`,
  ];
}
