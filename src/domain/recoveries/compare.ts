/** Two runs of one plan, step by step: what got slower. Pure. */
import { isContainerKind, type StepKindName, type StepStatus } from "../../engine/model.ts";
import { fieldError } from "../field-errors.ts";

/** A run as far as it is compared. */
export interface ComparedRun {
  readonly planId: string | null;
  readonly planName: string;
}

/** What of a step is compared; times are milliseconds since 1970. */
export interface ComparedStep {
  readonly key: string;
  readonly kind: StepKindName;
  readonly name: string;
  readonly path: string;
  readonly status: StepStatus;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface StepComparison<S extends ComparedStep = ComparedStep> {
  readonly key: string;
  /** Null: that run has no such step. */
  readonly step: S | null;
  readonly withStep: S | null;
  /** How long each took; null: it has not ended, or never started. */
  readonly seconds: number | null;
  readonly withSeconds: number | null;
  /** By how much the first is slower; below 0: faster. Null: one of them is not known. */
  readonly slowerBySeconds: number | null;
}

/** Throws InvalidRequestError where there is nothing to compare. */
export function checkComparable(run: ComparedRun, other: ComparedRun): void {
  if (run.planId !== null && run.planId === other.planId) return;
  const message =
    run.planId === null || other.planId === null
      ? "The plan of one of the runs was deleted, and only runs of one plan are compared."
      : `The runs are of the plans ${run.planName} and ${other.planName}; only runs of one plan are compared.`;
  throw fieldError(["withRecoveryId"], message);
}

const secondsOf = (step: ComparedStep | null): number | null =>
  step === null || step.startedAt === null || step.endedAt === null ? null : (step.endedAt - step.startedAt) / 1000;

/** What got slower first, then what is as fast or faster, then what can't be compared, in the order of the steps. */
export function compareSteps<S extends ComparedStep>(steps: readonly S[], others: readonly S[]): StepComparison<S>[] {
  const leaves = (list: readonly S[]) => list.filter(({ kind }) => !isContainerKind(kind));
  const mine = new Map(leaves(steps).map((step) => [step.key, step]));
  const theirs = new Map(leaves(others).map((step) => [step.key, step]));
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .map((key) => compared(key, mine.get(key) ?? null, theirs.get(key) ?? null))
    .sort((a, b) => (b.slowerBySeconds ?? Number.NEGATIVE_INFINITY) - (a.slowerBySeconds ?? Number.NEGATIVE_INFINITY) || 0);
}

function compared<S extends ComparedStep>(key: string, step: S | null, withStep: S | null): StepComparison<S> {
  const [seconds, withSeconds] = [secondsOf(step), secondsOf(withStep)];
  const slowerBySeconds = seconds === null || withSeconds === null ? null : seconds - withSeconds;
  return { key, step, withStep, seconds, withSeconds, slowerBySeconds };
}
