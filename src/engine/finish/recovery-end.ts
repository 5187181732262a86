/** What becomes of a plan, its groups and their VMs when a recovery ends. Pure: from what it was about and how its steps ended. */
import type { StepState } from "../batch.ts";
import { isContainer, isGood, type ResultState, type StepNode } from "../model.ts";
import { hasChanged, isOwed, undoneBy } from "../roll-back.ts";
import type { RecoverySnapshot, RunWarning, SnapshotGroup } from "../run-snapshot.ts";
import { textOf } from "../steps/kind.ts";
import { runWarning } from "../warnings.ts";
import { doneAt, groupResult, whyNot } from "./step-ends.ts";

export interface RecoveredGroup {
  readonly groupId: string;
  readonly state: "READY" | "NOT_READY" | "RECOVERED" | "PARTIALLY_RECOVERED";
  readonly resultState: ResultState;
  readonly fault: RunWarning | null;
  /** Its replica is the recovery site's own storage: nothing is replicated any more. */
  readonly promoted: boolean;
}

/** A VM that is registered at the recovery site for good. */
export interface Recovered {
  readonly vmId: string;
  readonly groupId: string;
  readonly originalExternalId: string;
  readonly recoveredExternalId: string;
  /** Milliseconds since 1970: when its original was proven off; null: it may be running. */
  readonly offSince: number | null;
}

export interface RecoveryEnd {
  readonly lifecycle: "READY" | "RECOVERY_COMPLETE" | "RECOVERY_INCOMPLETE";
  readonly groups: readonly RecoveredGroup[];
  readonly recovered: readonly Recovered[];
}

export function endOfRecovery(
  snapshot: RecoverySnapshot,
  resultState: ResultState,
  steps: readonly StepState[],
  error: string | null,
): RecoveryEnd {
  const complete = resultState === "SUCCESS" || resultState === "WARNING";
  const asBefore = !complete && isAsBefore(snapshot, steps);
  const recovered = recoveredOf(snapshot, steps);
  const groups = snapshot.groups.map((group) => groupEnd(group, { steps, error, asBefore, cancelled: resultState === "CANCELLED" }));
  return { lifecycle: complete ? "RECOVERY_COMPLETE" : asBefore ? "READY" : "RECOVERY_INCOMPLETE", groups, recovered };
}

/** Whether a planned run that did not end well has left everything as it found it: nothing was changed, or all of it was put back. */
function isAsBefore({ kind, rerunOf }: RecoverySnapshot, steps: readonly StepState[]): boolean {
  if (kind !== "PLANNED") return false;
  if (steps.length === 0) return rerunOf === null;
  const changed = steps.filter((step) => changes.has(step.node.kind) && hasChanged(step.node.kind, step));
  const putBack = steps.filter((step) => undoneBy(step.node) !== null);
  const undone = new Set(putBack.map(({ node }) => undoneBy(node)));
  const isLeft = (step: StepState) => {
    const of = steps[(undoneBy(step.node) ?? 0) - 1];
    return of !== undefined && isOwed(step, of.node.kind, of) && !isGood(step.status);
  };
  return changed.every(({ node }) => undone.has(node.ordinal)) && !putBack.some(isLeft);
}

/** Steps that leave something behind, before VMs are registered: whatever comes later needs the last of them. */
const changes: ReadonlySet<StepNode["kind"]> = new Set(["SHUT_DOWN_VM", "SET_STORAGE_READ_ONLY", "PROMOTE_STORAGE"]);

interface Ended {
  readonly steps: readonly StepState[];
  readonly error: string | null;
  readonly asBefore: boolean;
  readonly cancelled: boolean;
}

function groupEnd({ id: groupId, name }: SnapshotGroup, { steps, error, asBefore, cancelled }: Ended): RecoveredGroup {
  const own = steps.filter(({ node }) => node.groupId === groupId);
  const vms = own.filter(({ node }) => node.kind === "VM");
  const up = vms.filter(({ status }) => isGood(status));
  const promoted = own.some(({ node, status }) => node.kind === "PROMOTE_STORAGE" && isGood(status));
  const whole = promoted && up.length === vms.length;
  const warned = own.some(({ node, status }) => !isContainer(node) && status === "WARNING");
  const resultState = groupResult({ whole, warned, some: up.length > 0, cancelled });
  const common = { groupId, resultState, promoted, fault: null };
  if (promoted) return { ...common, state: whole ? "RECOVERED" : "PARTIALLY_RECOVERED" };
  if (asBefore) return { ...common, state: "READY" };
  const fault = runWarning("NOT_RECOVERED", `${name} is not recovered: ${whyNot(own) ?? error ?? "the run ended before its turn"}`);
  return { ...common, state: "NOT_READY", fault };
}

function recoveredOf({ vms }: RecoverySnapshot, steps: readonly StepState[]): Recovered[] {
  const registered = new Map(
    steps.flatMap(({ node, status, result }) => {
      const vmId = node.kind === "REGISTER_VM" && isGood(status) ? textOf(result, "vmId") : null;
      return vmId === null ? [] : [[node.vmId, vmId] as const];
    }),
  );
  const proofs = proofsOf(steps);
  return vms.flatMap(({ id, groupId, externalId }) => {
    const recoveredExternalId = registered.get(id);
    if (recoveredExternalId === undefined) return [];
    const offSince = proofs.get(`vm ${id}`) ?? proofs.get("fence") ?? proofs.get(`group ${groupId}`) ?? null;
    return [{ vmId: id, groupId, originalExternalId: externalId, recoveredExternalId, offSince }];
  });
}

/** When originals were proven off: each by itself, all by the fence, a group's by its storage, which no VM that is on lets be closed. */
function proofsOf(steps: readonly StepState[]): ReadonlyMap<string, number> {
  const proofs = new Map<string, number>();
  for (const step of steps) {
    const { node, status } = step;
    const at = status === "SUCCEEDED" || status === "ALREADY_DONE" ? doneAt(step) : null;
    if (at === null) continue;
    if (node.kind === "SHUT_DOWN_VM") proofs.set(`vm ${node.vmId}`, at);
    if (node.kind === "FENCE_SITE") proofs.set("fence", at);
    if (node.kind === "SET_STORAGE_READ_ONLY") proofs.set(`group ${node.groupId}`, at);
  }
  return proofs;
}
