/** The tree that a run would have, and how it goes when nothing goes wrong. Pure. */
import { alreadyDone, type Done, type EarlierStep } from "../../../engine/already-done.ts";
import { compile } from "../../../engine/compile.ts";
import { createForecaster, type StepFacts } from "../../../engine/forecast.ts";
import { isContainer, type StepNode, type StepStatus } from "../../../engine/model.ts";
import type { RisingSnapshot, RunWarning } from "../../../engine/run-snapshot.ts";

export interface PreviewStep {
  readonly node: StepNode;
  /** As it is at the start. */
  readonly status: StepStatus;
  /** Seconds from the start; null: it never starts. */
  readonly expectedStart: number | null;
  readonly expectedEnd: number | null;
}

export interface PreviewTree {
  /** By ordinal. */
  readonly steps: readonly PreviewStep[];
  readonly warnings: readonly RunWarning[];
  readonly expectedSeconds: number;
  /** The longest chain of leaves, with as many effects at once as a site takes. */
  readonly criticalPath: readonly PreviewStep[];
  /** From the start to the last VM's being ready; null: no VM is powered on. */
  readonly readySeconds: number | null;
}

export interface TreeInput {
  readonly snapshot: RisingSnapshot;
  /** Of the run that it goes on with; empty: none. */
  readonly earlier: readonly EarlierStep[];
  readonly slotsPerSite: number;
}

/** Throws CompileError where the VMs wait for each other. */
export function previewTree({ snapshot, earlier, slotsPerSite }: TreeInput): PreviewTree {
  const { nodes, warnings } = compile(snapshot);
  const done = alreadyDone(snapshot.kind, nodes, earlier, snapshot.protectedSite.id);
  const statuses = nodes.map((node) => statusOf(node, done));
  const facts = (ordinal: number): StepFacts => ({
    status: statuses[ordinal - 1] ?? "PENDING",
    startedAt: null,
    endedAt: null,
    dueAt: null,
  });
  const begin = 1_000; // an end at 0 would say that nothing is known
  const forecast = createForecaster(nodes, slotsPerSite).at(begin, facts);
  const since = (time: number | null) => (time === null ? null : Math.round((time - begin) / 1000));
  const steps = nodes.map((node, index): PreviewStep => {
    const { start, end } = forecast.of(node.ordinal);
    return { node, status: statuses[index] ?? "PENDING", expectedStart: since(start), expectedEnd: since(end) };
  });
  return {
    steps,
    warnings,
    expectedSeconds: since(forecast.estimatedEnd) ?? 0,
    criticalPath: forecast.criticalPath.flatMap((ordinal) => steps[ordinal - 1] ?? []),
    readySeconds: latestReady(steps),
  };
}

function statusOf(node: StepNode, done: ReadonlyMap<number, Done>): StepStatus {
  if (isContainer(node)) return "PENDING";
  if (node.skipReason !== null) return "SKIPPED";
  if (node.warnReason !== null) return "WARNING";
  return done.get(node.ordinal)?.status ?? "PENDING";
}

/** As the run measures it: by the ready checks. */
function latestReady(steps: readonly PreviewStep[]): number | null {
  return steps.reduce<number | null>(
    (latest, { node, expectedEnd }) => (node.kind === "READY_CHECK" && expectedEnd !== null ? Math.max(latest ?? 0, expectedEnd) : latest),
    null,
  );
}
