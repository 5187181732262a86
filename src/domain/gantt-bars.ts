/** From a run to the bars of its picture: which steps are shown, when each was under way, and what folds together. Pure. */
import { isContainer, isSettled, type StepNode, type StepStatus } from "../engine/model.ts";

export type GanttStep = StepNode & { readonly status: StepStatus; readonly startedAt: number | null; readonly endedAt: number | null };

export interface GanttRun {
  readonly planName: string;
  readonly kind: string;
  readonly requestedAt: number;
  /** Null: it is under way. */
  readonly endedAt: number | null;
  /** When it was looked at. */
  readonly now: number;
  /** By ordinal. */
  readonly steps: readonly GanttStep[];
}

export interface Bar {
  readonly name: string;
  readonly depth: number;
  readonly status: StepStatus;
  /** Milliseconds since the request; null: it has not been under way. */
  readonly start: number | null;
  readonly end: number | null;
  readonly critical: boolean;
  /** How many VMs are folded into it; 0: it stands for itself. */
  readonly folded: number;
}

/** How many rows a picture may have; a larger run folds its VMs into their priority groups. */
export const mostRows = 150;

export function barsOf(run: GanttRun): readonly Bar[] {
  const chain = chainOf(run.steps);
  const times = timesOf(run);
  const levels: readonly ((step: GanttStep) => boolean)[] = [() => true, isNoPartOfVm(run.steps), (step) => step.parent === null];
  const shown =
    levels.map((keep) => run.steps.filter(keep)).find(({ length }) => length <= mostRows) ?? run.steps.filter(top).slice(0, mostRows);
  const all = shown.length === run.steps.length;
  const vms = all ? new Map<number, number>() : vmsBelow(run.steps);
  return shown.map((step) => {
    const [start = null, end = null] = times.get(step.ordinal) ?? [];
    const folded = vms.get(step.ordinal) ?? 0;
    return {
      name: step.name,
      depth: step.path.split(".").length,
      status: step.status,
      start,
      end,
      critical: chain.has(step.ordinal),
      folded,
    };
  });
}

const top = ({ parent }: GanttStep): boolean => parent === null;

/** A VM and what is done for it are left to the line of their priority group. */
function isNoPartOfVm(steps: readonly GanttStep[]): (step: GanttStep) => boolean {
  const inVm = new Set<number>();
  for (const { ordinal, parent, vmId, kind } of steps)
    if (kind === "VM" || vmId !== null || (parent !== null && inVm.has(parent))) inVm.add(ordinal);
  return ({ ordinal }) => !inVm.has(ordinal);
}

/** How many VMs are right below each step. */
function vmsBelow(steps: readonly GanttStep[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { parent, kind, vmId } of steps)
    if (parent !== null && (kind === "VM" || (vmId !== null && steps[parent - 1]?.kind !== "VM")))
      counts.set(parent, (counts.get(parent) ?? 0) + 1);
  return counts;
}

/** Of a container from its first step to its last; what is under way ends now. */
function timesOf({ steps, requestedAt, now }: GanttRun): ReadonlyMap<number, readonly [number, number]> {
  const times = new Map<number, readonly [number, number]>();
  const widen = (ordinal: number, start: number, end: number) => {
    const [from, to] = times.get(ordinal) ?? [start, end];
    times.set(ordinal, [Math.min(from, start), Math.max(to, end)]);
  };
  for (const step of steps.toReversed()) {
    if (!isContainer(step) && step.startedAt !== null) {
      const start = Math.max(0, step.startedAt - requestedAt);
      const end = step.endedAt ?? (isSettled(step.status) ? step.startedAt : now);
      widen(step.ordinal, start, Math.max(start, end - requestedAt));
    }
    const own = times.get(step.ordinal);
    if (own !== undefined && step.parent !== null) widen(step.parent, ...own);
  }
  return times;
}

/** Back from the leaf that ended last, each time to the one before it that it waited for and that ended last; with the containers of each. */
function chainOf(steps: readonly GanttStep[]): ReadonlySet<number> {
  const leaves = steps.filter((step) => !isContainer(step) && step.startedAt !== null && step.endedAt !== null);
  const byEnd = leaves.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0) || a.ordinal - b.ordinal);
  const chain = new Set<number>();
  let at = byEnd.length - 1;
  while (at >= 0) {
    const step = byEnd[at];
    if (step === undefined) break;
    for (
      let on: GanttStep | undefined = step;
      on !== undefined && !chain.has(on.ordinal);
      on = on.parent === null ? undefined : steps[on.parent - 1]
    )
      chain.add(on.ordinal);
    at = byEnd.findLastIndex((other, index) => index < at && (other.endedAt ?? 0) <= (step.startedAt ?? 0));
  }
  return chain;
}
