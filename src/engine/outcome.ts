/** What a run came to: counts of its machines, and its result. Pure. */
import type { StepState } from "./batch.ts";
import {
  type GroupRunKind,
  isContainer,
  isGood,
  isSettled,
  type PlanRunKind,
  type ResultState,
  type RunKind,
  type StepResult,
} from "./model.ts";
import type { RunWarning } from "./run-snapshot.ts";

export interface Counts {
  readonly vmCount: number;
  readonly vmsSucceeded: number;
  readonly vmsFailed: number;
}

/** Steps that stand for a VM: all that is done for it, in a group's run its placeholder, in a reprotect that it becomes one. */
const vmKinds: ReadonlySet<string> = new Set(["VM", "CREATE_PLACEHOLDER", "REMOVE_PLACEHOLDER", "DEMOTE_VM"]);

export const standsForVm = ({ kind }: { readonly kind: string }): boolean => vmKinds.has(kind);

/** A skipped machine counts as failed: somebody wanted it up, and it is not. */
export function countVms(steps: Iterable<StepState>): Counts {
  let vmCount = 0;
  let vmsSucceeded = 0;
  let vmsFailed = 0;
  for (const { node, status } of steps) {
    if (!standsForVm(node)) continue;
    vmCount++;
    if (isGood(status)) vmsSucceeded++;
    if (status === "FAILED" || status === "SKIPPED") vmsFailed++;
  }
  return { vmCount, vmsSucceeded, vmsFailed };
}

const mostErrors = 100;

/** What failed, for people, in the order of the steps; the first of them, and how many more there are. */
export function errorsOf(steps: readonly StepState[]): string[] {
  const failed = steps.filter(({ node, status }) => status === "FAILED" && !isContainer(node));
  return toldErrors(failed.length, (most) => failed.slice(0, most));
}

/** `first`: the first so many of the steps that failed. */
export function toldErrors(count: number, first: (most: number) => readonly StepState[]): string[] {
  const told = first(mostErrors).map(({ node, message }) => `${node.name}: ${message ?? "it failed"}`);
  return count > mostErrors ? [...told, `${count - mostErrors} more steps failed.`] : told;
}

export interface RunOutcome {
  readonly state: "COMPLETED" | "FAILED";
  readonly resultState: ResultState;
}

export function outcomeOf(kind: RunKind, steps: readonly StepState[], warnings: readonly RunWarning[], cancelled: boolean): RunOutcome {
  if (cancelled) return { state: "FAILED", resultState: "CANCELLED" };
  const leaves = steps.filter(({ node }) => !isContainer(node));
  const bad = isGroupKind(kind) ? groupFailure(kind, leaves) : planFailure(kind, leaves, steps);
  if (bad !== null) return bad;
  const warned = warnings.length > 0 || leaves.some(({ status }) => status === "WARNING");
  return { state: "COMPLETED", resultState: warned ? "WARNING" : "SUCCESS" };
}

const isGroupKind = (kind: RunKind): kind is GroupRunKind => kind === "GROUP_CREATE" || kind === "GROUP_UPDATE" || kind === "GROUP_DELETE";

/** PARTIAL: something failed, but machines came up. A cleanup has no half: what it left is left. */
function planFailure(kind: PlanRunKind, leaves: readonly StepState[], steps: readonly StepState[]): RunOutcome | null {
  const anyFailed = leaves.some(({ status }) => status === "FAILED");
  if (kind === "REPROTECT") return anyFailed ? reprotectFailure(steps) : null;
  const { vmCount, vmsSucceeded, vmsFailed } = countVms(steps);
  if (kind !== "CLEANUP" && (anyFailed || vmsFailed > 0)) {
    const partial = vmsSucceeded > 0;
    return { state: partial ? "COMPLETED" : "FAILED", resultState: partial || vmCount === 0 ? "PARTIAL" : "FAILED" };
  }
  return anyFailed ? { state: "FAILED", resultState: "FAILED" } : null;
}

/** PARTIAL: some groups are protected in the other direction. */
function reprotectFailure(steps: readonly StepState[]): RunOutcome {
  const some = steps.some(({ node, status }) => node.kind === "REVERSE_GROUP" && isGood(status));
  return some ? { state: "COMPLETED", resultState: "PARTIAL" } : { state: "FAILED", resultState: "FAILED" };
}

/** PARTIAL: some of the VMs are protected. Without its replication a new group has none, and a deletion has no half. */
function groupFailure(kind: GroupRunKind, leaves: readonly StepState[]): RunOutcome | null {
  const bad = leaves.filter(({ status }) => !isGood(status));
  if (bad.length === 0) return null;
  const replicated = kind === "GROUP_UPDATE" || (kind === "GROUP_CREATE" && bad.every(({ node }) => node.kind === "CREATE_PLACEHOLDER"));
  const some = leaves.some(({ node, status }) => standsForVm(node) && isGood(status));
  return replicated && some ? { state: "COMPLETED", resultState: "PARTIAL" } : { state: "FAILED", resultState: "FAILED" };
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
