/** The tree that a run would have, and how it goes when nothing goes wrong. Pure. */
import type { EarlierStep } from "../../../engine/already-done.ts";
import { beginning, type RunFacts } from "../../../engine/beginning.ts";
import { makingForecaster, type StepFacts } from "../../../engine/forecast.ts";
import { stepAt } from "../../../engine/live-run.ts";
import type { StepNode, StepStatus } from "../../../engine/model.ts";
import { inPieces, mapInPieces, type Pieces } from "../../../engine/pieces.ts";
import type { RisingSnapshot, RunWarning } from "../../../engine/run-snapshot.ts";

export interface PreviewStep {
  readonly node: StepNode;
  /** As it is at the start, and why. */
  readonly status: StepStatus;
  readonly message: string | null;
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
export function* previewTree({ snapshot, earlier, slotsPerSite }: TreeInput): Pieces<PreviewTree> {
  const { run, warnings } = yield* beginning(factsOf(yield* asStored(snapshot)), earlier);
  yield;
  const nodes = run.steps.map(({ node }) => node);
  const facts = (ordinal: number): StepFacts => stepAt(run, ordinal);
  const forecaster = yield* makingForecaster(nodes, slotsPerSite);
  const forecast = yield* forecaster.looking(began, (ordinal) => ({ ...facts(ordinal), startedAt: null, endedAt: null }));
  yield;
  const since = (time: number | null) => (time === null ? null : (time - began) / 1000);
  const steps = yield* mapInPieces(run.steps, ({ node, status, message }): PreviewStep => {
    const { start, end } = forecast.of(node.ordinal);
    return { node, status, message, expectedStart: since(start), expectedEnd: since(end) };
  });
  return {
    steps,
    warnings,
    expectedSeconds: since(forecast.estimatedEnd) ?? 0,
    criticalPath: forecast.criticalPath.flatMap((ordinal) => steps[ordinal - 1] ?? []),
    readySeconds: latestReady(steps),
  };
}

/** As the engine will read it: what JSON leaves out is not there. */
function* asStored(snapshot: RisingSnapshot): Pieces<RisingSnapshot> {
  const vms: RisingSnapshot["vms"][number][] = [];
  yield* inPieces(snapshot.vms, (vm) => vms.push(JSON.parse(JSON.stringify(vm))));
  return { ...JSON.parse(JSON.stringify({ ...snapshot, vms: [] })), vms };
}

/** An end at 0 would say that nothing is known. */
const began = 1_000;

const factsOf = (snapshot: RisingSnapshot): RunFacts => ({
  id: "preview",
  kind: snapshot.kind,
  snapshot,
  state: "NOT_STARTED",
  pausedReason: null,
  startedAt: null,
  progressPercent: 0,
  warnings: [],
  failurePolicy: "failurePolicy" in snapshot.options ? snapshot.options.failurePolicy : "CONTINUE",
  now: began,
});

/** As the run measures it: by ready checks and probes. */
function latestReady(steps: readonly PreviewStep[]): number | null {
  const ends = steps.flatMap(({ node: { kind }, expectedEnd }) =>
    (kind === "READY_CHECK" || kind === "PROBE") && expectedEnd !== null ? expectedEnd : [],
  );
  return ends.length === 0 ? null : Math.max(...ends);
}
