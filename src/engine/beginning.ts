/** What a run begins with: its tree, and what is decided before anything has started. Pure: a start writes it, a preview shows it. */
import { alreadyDone, type Done, type EarlierStep } from "./already-done.ts";
import type { StepState } from "./batch.ts";
import { budgetOf } from "./budget.ts";
import { compiling } from "./compile.ts";
import { type LiveRun, makingLiveRun, newStep } from "./live-run.ts";
import { atOnce, mapInPieces, type Pieces } from "./pieces.ts";
import type { RunRecord } from "./records.ts";
import { isOwedNow, owedBefore } from "./roll-back.ts";
import type { RunSnapshot, RunWarning } from "./run-snapshot.ts";

/** What of a run's row counts for how it goes. */
export type RunFacts = Pick<
  RunRecord,
  "id" | "kind" | "snapshot" | "state" | "pausedReason" | "startedAt" | "progressPercent" | "warnings" | "failurePolicy" | "now"
>;

export interface Beginning {
  readonly run: LiveRun;
  /** By ordinal: what an earlier run has done. */
  readonly done: ReadonlyMap<number, Done>;
  /** The snapshot's own and what was found with the tree, without those of its steps. */
  readonly warnings: readonly RunWarning[];
}

/** `earlier`: the steps of the run that it goes on with. Throws CompileError where there is no tree. */
export const begin = (facts: RunFacts, earlier: readonly EarlierStep[]): Beginning => atOnce(beginning(facts, earlier));

export function* beginning(facts: RunFacts, earlier: readonly EarlierStep[]): Pieces<Beginning> {
  const { snapshot, kind } = facts;
  const { nodes, warnings } = yield* compiling(snapshot);
  yield;
  const done = earlier.length === 0 ? new Map<number, Done>() : alreadyDone(kind, nodes, earlier, snapshot.protectedSite.id);
  const owed = owedBefore(nodes, earlier);
  const steps = yield* mapInPieces(nodes, (node) => {
    const step = newStep(node, done.get(node.ordinal));
    return owed.has(node.ordinal) ? { ...step, ...isOwedNow } : step;
  });
  return { run: yield* livingRun({ ...facts, warnings }, steps), done, warnings };
}

export const liveRun = (facts: RunFacts, steps: readonly StepState[]): LiveRun => atOnce(livingRun(facts, steps));

export function* livingRun(facts: RunFacts, steps: readonly StepState[]): Pieces<LiveRun> {
  const { id, kind, state, pausedReason, startedAt, progressPercent, warnings, now, snapshot, failurePolicy: policy } = facts;
  const rules = { kind, policy, lenient: isLenient(snapshot), protectedSiteId: snapshot.protectedSite.id };
  const budgetSeconds = budgetOf(snapshot);
  return yield* makingLiveRun({ id, kind, rules, budgetSeconds, state, pausedReason, startedAt, progressPercent, warnings, now }, steps);
}

const isLenient = (snapshot: RunSnapshot): boolean => (snapshot.kind === "CLEANUP" || snapshot.kind === "GROUP_DELETE") && snapshot.force;
