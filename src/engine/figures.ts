/** What a run that brought VMs up took and lost: the figures of its end. Pure. */
import type { StepState } from "./batch.ts";
import { doneAt } from "./finish/step-ends.ts";
import { isGood, type RunKind, type StepResult } from "./model.ts";
import { countVms } from "./outcome.ts";
import type { RecoverySnapshot, RunSnapshot } from "./run-snapshot.ts";

export interface Figures {
  readonly rtoAchievedSeconds: number | null;
  readonly rtoOfRecoveredVmsSeconds: number | null;
  readonly rpoAchievedSeconds: number | null;
}

/** A request of a run, in milliseconds since 1970. */
export interface Request {
  readonly kind: RunKind;
  readonly at: number;
}

/** `requests`: of the run and of those that it goes on with, the newest first. */
export function figuresOf(snapshot: RunSnapshot, steps: readonly StepState[], requests: readonly Request[]): Figures {
  const { vmCount, vmsFailed, vmsSucceeded } = countVms(steps);
  const rto = secondsToReady(steps, Math.min(...requests.map(({ at }) => at)));
  return {
    rtoAchievedSeconds: vmsFailed === 0 && vmsSucceeded === vmCount ? rto : null,
    rtoOfRecoveredVmsSeconds: rto,
    rpoAchievedSeconds: lossOf(snapshot, steps, requests),
  };
}

/** From the first request to the last VM that is ready. */
function secondsToReady(steps: readonly StepState[], requestedAt: number): number | null {
  const ready = steps.filter(({ node, status }) => (node.kind === "READY_CHECK" || node.kind === "PROBE") && isGood(status));
  if (ready.length === 0) return null;
  const last = ready.reduce((latest, step) => Math.max(latest, doneAt(step) ?? requestedAt), requestedAt);
  return Math.round((last - requestedAt) / 1000);
}

function lossOf(snapshot: RunSnapshot, steps: readonly StepState[], requests: readonly Request[]): number | null {
  if (snapshot.kind === "PLANNED") return plannedLoss(steps, requests);
  const points = pointsUsed(steps).map(({ result }) => takenAt(result));
  const known = points.filter((time) => time !== null);
  if (known.length === 0) return null;
  return secondsBetween(Math.min(...known), lastKnown(snapshot, requests));
}

/** A later run of the same kind loses no more than the first: the request counts after which nothing more was written that could be saved. */
function lastKnown(snapshot: RunSnapshot, requests: readonly Request[]): number {
  const asked = Math.min(...requests.filter(({ kind }) => kind === snapshot.kind).map(({ at }) => at));
  const heard = snapshot.kind === "DISASTER" ? heardAt(snapshot) : null;
  return heard === null ? asked : Math.min(asked, heard);
}

const heardAt = ({ protectedSiteCondition, protectedSiteHeardAt = null }: RecoverySnapshot): number | null =>
  protectedSiteCondition === "DISCONNECTED" && protectedSiteHeardAt !== null ? Date.parse(protectedSiteHeardAt) : null;

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 1000));

const pointsUsed = (steps: readonly StepState[]): readonly StepState[] =>
  steps.filter(({ node, status }) => (node.kind === "CREATE_SNAPSHOT" || node.kind === "PROMOTE_STORAGE") && isGood(status));

/** Of each group by itself, the most of them: nothing only where its last synchronisation followed its last power-off. */
function plannedLoss(steps: readonly StepState[], requests: readonly Request[]): number | null {
  const losses = pointsUsed(steps).map((promoted) => {
    const own = steps.filter(({ node }) => node.groupId === promoted.node.groupId);
    const point = takenAt(promoted.result);
    return point === null ? null : groupLoss(steps, own, promoted, point, requests);
  });
  const known = losses.filter((loss) => loss !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function groupLoss(
  steps: readonly StepState[],
  own: readonly StepState[],
  promoted: StepState,
  point: number,
  requests: readonly Request[],
): number {
  const off = own.filter(({ node }) => node.kind === "SHUT_DOWN_VM");
  const final = own.find(({ node }) => node.kind === "SYNCHRONISE" && steps[(node.parent ?? 0) - 1]?.node.kind === "FINAL_SYNCHRONISE");
  // One that an earlier run has shut down may be on again, unless it has no storage to write to or that run has copied it.
  const staysOff = final?.status === "ALREADY_DONE" || own.some((step) => step.node.kind === "SET_STORAGE_READ_ONLY" && isDone(step));
  const proven = off.filter((step) => isDone(step) && (staysOff || step.status === "SUCCEEDED"));
  const lastOff = proven.reduce((latest, step) => Math.max(latest, doneAt(step) ?? latest), Number.NEGATIVE_INFINITY);
  const used = final !== undefined && isGood(final.status) && final.result?.pointId === promoted.result?.pointId;
  const began = used ? (final.startedAt ?? doneAt(final)) : null;
  if (proven.length === off.length) {
    if (began !== null && began >= lastOff) return 0;
    return secondsBetween(point, Number.isFinite(lastOff) ? lastOff : Math.max(...requests.map(({ at }) => at)));
  }
  // One that was never off went on writing until its replica became another machine's disk.
  return secondsBetween(point, promoted.startedAt ?? doneAt(promoted) ?? point);
}

const isDone = ({ status }: StepState): boolean => status === "SUCCEEDED" || status === "ALREADY_DONE";

export function takenAt(result: StepResult | null): number | null {
  const value = result?.takenAt;
  return typeof value === "string" ? Date.parse(value) : null;
}
