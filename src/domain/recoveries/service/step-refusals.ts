/** What stands in the way of deciding about a failed step. Pure: `allowedOperations` and the mutations give the same error. */
import { isUnknown } from "../../../engine/failure.ts";
import { isContainerKind, type StepStatus } from "../../../engine/model.ts";
import type { DomainError } from "../../errors.ts";
import type { Viewer } from "../../viewer.ts";
import { refuse, runRefusal } from "./control-refusals.ts";
import type { RunFacts } from "./facts.ts";

/** WORKED: nobody knew what it did, and somebody has looked. */
export type StepDecision = "RETRY" | "SKIP" | "WORKED";

export interface StepFacts {
  readonly ordinal: number;
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly message: string | null;
  /** What was decided about this attempt, which its run's owner has still to take up. */
  readonly wished: StepDecision | null;
  readonly wishedBy: string | null;
}

export function stepRefusal(run: RunFacts, step: StepFacts, decision: StepDecision, viewer: Pick<Viewer, "roles">): DomainError | null {
  const refusal = runRefusal(run, viewer);
  if (refusal !== null) return refusal;
  const what = `The step ${step.path} ${step.name}`;
  if (!run.stepFailed) {
    const remedy = "Steps are retried and skipped while the run is PAUSED with the reason STEP_FAILED.";
    return refuse(run, `The run of ${run.planName} is not paused at a failed step.`, remedy);
  }
  if (isContainerKind(step.kind) || step.status !== "FAILED") {
    const message = isContainerKind(step.kind) ? `${what} has no work of its own.` : `${what} has not failed: it is ${step.status}.`;
    return refuse(run, message, "Decide about the steps that have FAILED.");
  }
  if (step.wished !== null)
    return refuse(run, `${step.wishedBy} has decided about ${what.toLowerCase()} already: ${step.wished}.`, "Look at how the run goes on.");
  if (decision === "WORKED" && !isUnknown(step))
    return refuse(run, `${what} is known to have failed.`, "Retry it, or skip it without `worked` when that has been done by hand.");
  return null;
}
