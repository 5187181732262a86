/**
 * The roll-back of a planned recovery, as its steps tell it: what there is to put back. Pure. Nothing of it is kept but the steps, so that
 * whoever takes a run over, or goes on with it, comes to the same.
 */
import { isGood, type StepNode, type StepResult, type StepStatus } from "./model.ts";

const kinds: ReadonlySet<string> = new Set<StepNode["kind"]>(["ROLL_BACK", "SET_STORAGE_WRITABLE", "POWER_ON_SOURCE"]);

/** The roll-back itself and what is in it. */
export const isRollBack = ({ kind }: { readonly kind: string }): boolean => kinds.has(kind);

/** A step of this run or of an earlier one. */
interface Tried {
  readonly status: StepStatus;
  readonly attempt: number;
  readonly startedAt: number | null;
}

/** Its effect was ordered, and it is not known that nothing came of it: that is all that CANCELLED says of a first try. */
export function wasTried({ status, attempt, startedAt }: Tried): boolean {
  return attempt > 1 || (startedAt !== null && status !== "CANCELLED");
}

type Changing = Tried & { readonly result: StepResult | null };

/** Whether a step has shut a VM down, or closed storage, here or in an earlier run. A VM that was off before is left so. */
export function hasChanged(kind: string, step: Changing): boolean {
  const { status, result } = step;
  if (status === "ALREADY_DONE") return result?.wasOn !== false;
  return wasTried(step) && (kind !== "SHUT_DOWN_VM" || result?.wasOn === true);
}

/** Whether a step of a roll-back has something to do: what it undoes, of this kind, was done, or an earlier run has left it to this one. */
export const isOwed = (step: { readonly result: StepResult | null }, kind: string, undone: Changing): boolean =>
  step.result?.owed === true || hasChanged(kind, undone);

/** What a step of a roll-back begins with that an earlier run has left to this one. */
export const isOwedNow = { result: { owed: true } } as const;

/** The step that a step of a roll-back undoes; null: it is none. */
export const undoneBy = (node: StepNode): number | null =>
  node.kind === "SET_STORAGE_WRITABLE" || node.kind === "POWER_ON_SOURCE" ? node.spec.undoes : null;

type Earlier = Changing & { readonly key: string; readonly kind: string };

/** Steps of a roll-back, by ordinal, that the run that this one goes on with has left undone: it could not, or was not cancelled. */
export function owedBefore(nodes: readonly StepNode[], earlier: readonly Earlier[]): ReadonlySet<number> {
  if (earlier.length === 0) return new Set();
  const byKey = new Map(earlier.map((step) => [step.key, step]));
  const owed = nodes.filter((node) => {
    const undone = nodes[(undoneBy(node) ?? 0) - 1];
    const before = undone === undefined ? undefined : byKey.get(undone.key);
    if (before === undefined) return false;
    const putBack = byKey.get(node.key);
    return !isGood(putBack?.status ?? "PENDING") && isOwed({ result: putBack?.result ?? null }, before.kind, before);
  });
  return new Set(owed.map(({ ordinal }) => ordinal));
}
