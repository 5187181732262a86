/** What a run came to: counts of its machines, its result, and the figures of its end. Pure. */
import type { StepState } from "./batch.ts";
import { isContainer, isSettled, type ResultState, type RunKind, type StepResult } from "./model.ts";
import type { RunWarning } from "./run-snapshot.ts";

export interface Counts {
  readonly vmCount: number;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
}

/** A skipped machine counts as failed: somebody wanted it up, and it is not. */
export function countVms(steps: Iterable<StepState>): Counts {
  let vmCount = 0;
  let vmsSucceeded = 0;
  let vmsFailed = 0;
  for (const { node, status } of steps) {
    if (node.kind !== "VM") continue;
    vmCount++;
    if (status === "SUCCEEDED" || status === "WARNING" || status === "ALREADY_DONE") vmsSucceeded++;
    if (status === "FAILED" || status === "SKIPPED") vmsFailed++;
  }
  return { vmCount, vmsSucceeded, vmsFailed };
}

export interface RunOutcome {
  readonly state: "COMPLETED" | "FAILED";
  readonly resultState: ResultState;
}

/** PARTIAL: something failed, but machines came up. A cleanup has no half: what it left is left. */
export function outcomeOf(kind: RunKind, steps: readonly StepState[], warnings: readonly RunWarning[], cancelled: boolean): RunOutcome {
  if (cancelled) return { state: "FAILED", resultState: "CANCELLED" };
  const leaves = steps.filter(({ node }) => !isContainer(node));
  const anyFailed = leaves.some(({ status }) => status === "FAILED");
  const { vmCount, vmsSucceeded, vmsFailed } = countVms(steps);
  if (kind !== "CLEANUP" && (anyFailed || vmsFailed > 0)) {
    const partial = vmsSucceeded > 0;
    return { state: partial ? "COMPLETED" : "FAILED", resultState: partial || vmCount === 0 ? "PARTIAL" : "FAILED" };
  }
  if (anyFailed) return { state: "FAILED", resultState: "FAILED" };
  const warned = warnings.length > 0 || leaves.some(({ status }) => status === "WARNING");
  return { state: "COMPLETED", resultState: warned ? "WARNING" : "SUCCESS" };
}

export interface Figures {
  readonly rtoAchievedSeconds: number | null;
  readonly rtoOfRecoveredVmsSeconds: number | null;
  readonly rpoAchievedSeconds: number | null;
}

/** workflows.md, "Figures": first request → last VM ready; age of the oldest point used, at the request. */
export function figuresOf(steps: readonly StepState[], requestedAt: number): Figures {
  const { vmCount, vmsFailed, vmsSucceeded } = countVms(steps);
  const ready = steps.filter(({ node, status }) => node.kind === "READY_CHECK" && (status === "SUCCEEDED" || status === "WARNING"));
  const last = Math.max(...ready.map(({ endedAt }) => endedAt ?? requestedAt));
  const rto = ready.length === 0 ? null : Math.max(0, Math.round((last - requestedAt) / 1000));
  const points = steps
    .filter(({ node, status }) => node.kind === "CREATE_SNAPSHOT" && status === "SUCCEEDED")
    .map(({ result }) => takenAt(result));
  const oldest = Math.min(...points.filter((time) => time !== null));
  return {
    rtoAchievedSeconds: vmsFailed === 0 && vmsSucceeded === vmCount ? rto : null,
    rtoOfRecoveredVmsSeconds: rto,
    rpoAchievedSeconds: points.length === 0 ? null : Math.max(0, Math.round((requestedAt - oldest) / 1000)),
  };
}

export function takenAt(result: StepResult | null): number | null {
  const value = result?.takenAt;
  return typeof value === "string" ? Date.parse(value) : null;
}

/** What is left to tell on a machine's own line once it is over: where it came up, and how. */
export function vmResult(children: readonly StepState[]): StepResult {
  const found: Record<string, unknown> = {};
  for (const { result, status } of children) {
    if (result === null || !isSettled(status)) continue;
    for (const field of ["vmId", "powerState", "ipAddress"]) if (result[field] !== undefined) found[field] = result[field];
  }
  return found;
}
