/** What stands in the way of controlling a run. Pure: `allowedOperations` and the mutations give the same error. */
import type { RunKind } from "../../../engine/model.ts";
import { ConflictError, type DomainError, ForbiddenError } from "../../errors.ts";
import { holds, type Role, type Viewer } from "../../viewer.ts";
import type { PlanFacts, RunFacts } from "./facts.ts";

export type Control = "CANCEL_RECOVERY" | "PAUSE_RECOVERY" | "RESUME_RECOVERY" | "SWITCH_TO_DISASTER";

/** Tests and cleanups are an operator's; what moves machines for real needs more. */
export const roleFor = (kind: RunKind): Role => (kind === "TEST" || kind === "CLEANUP" ? "OPERATOR" : "RECOVERY_ADMIN");

/** Of a plan: its run that is under way. Null: the mutation does it. */
export function controlRefusalOf({ id, name, lifecycle, run }: PlanFacts, control: Control, viewer: Viewer): DomainError | null {
  if (run === null) {
    const message = `The plan ${name} has never been run: there is nothing to control.`;
    return new ConflictError(message, "Start a test first.", { planId: id, planName: name, lifecycle });
  }
  return run.ended ? hasEnded(run) : controlRefusal(run, control, viewer);
}

/** Cancelling twice is a success while the run is being cancelled. */
export function controlRefusal(run: RunFacts, control: Control, viewer: Pick<Viewer, "roles">): DomainError | null {
  if (run.kind.startsWith("GROUP_")) return isGroups(run);
  const role = roleFor(run.kind);
  if (!holds(viewer, role)) return new ForbiddenError(role);
  if (control === "CANCEL_RECOVERY" && run.kind === "CLEANUP") return isCleanup(run);
  if (control === "SWITCH_TO_DISASTER" && run.kind !== "PLANNED") return isNotPlanned(run);
  if (run.ended) return hasEnded(run);
  if (run.switchRequested) return isSwitched(run);
  if (control === "CANCEL_RECOVERY" && run.cancelRequested) return null;
  if (control === "PAUSE_RECOVERY" && run.kind === "CLEANUP") return isCleanup(run);
  if (control === "PAUSE_RECOVERY" && run.kind === "REPROTECT") return isReprotect(run);
  if (run.cancelRequested) return isCancelled(run);
  if (control === "SWITCH_TO_DISASTER" && run.state === "NOT_STARTED") return hasNotStarted(run);
  if (control === "PAUSE_RECOVERY" && run.pauseRequested)
    return refuse(run, `The run of ${run.planName} is paused already.`, "Resume it when it shall go on.");
  if (control === "RESUME_RECOVERY" && run.stepFailed) return isAtFailure(run);
  if (control === "RESUME_RECOVERY" && !run.pauseRequested && !run.atPauseStep) {
    const remedy = "A prompt is answered with answerPrompt; anything else goes on by itself.";
    return refuse(run, `The run of ${run.planName} is not paused.`, remedy);
  }
  return null;
}

/** What stands in the way of anything that is done with a run that is under way. */
export function runRefusal(run: RunFacts, viewer: Pick<Viewer, "roles">): DomainError | null {
  if (run.kind.startsWith("GROUP_")) return isGroups(run);
  const role = roleFor(run.kind);
  if (!holds(viewer, role)) return new ForbiddenError(role);
  if (run.ended) return hasEnded(run);
  return run.cancelRequested ? isCancelled(run) : null;
}

/** What a refusal tells of a run: where its plan stands, and its task while there is something to wait for. */
export const detailsOf = (run: Pick<RunFacts, "recoveryId" | "taskId" | "planId" | "planName" | "lifecycle" | "ended">) => ({
  planName: run.planName,
  activeRecoveryId: run.recoveryId,
  ...(run.planId === null ? {} : { planId: run.planId }),
  ...(run.lifecycle === null ? {} : { lifecycle: run.lifecycle }),
  ...(run.taskId === null || run.ended ? {} : { activeTaskId: run.taskId }),
});

export const refuse = (run: RunFacts, message: string, remedy: string) => new ConflictError(message, remedy, detailsOf(run));

/** What works on a protection group is no recovery: it has a task, or is over soon. */
const isGroups = (run: RunFacts) =>
  refuse(
    run,
    `This run works on the protection group ${run.planName}; it is not controlled as a recovery is.`,
    "Wait until it has ended; the creation of a group is cancelled by its task (cancelTask).",
  );

export const hasEnded = (run: RunFacts) =>
  refuse(run, `The run of ${run.planName} has ended.`, "Look at its result; there is nothing left to control.");
const isSwitched = (run: RunFacts) =>
  refuse(
    run,
    `The run of ${run.planName} is being switched to a disaster recovery.`,
    "Wait until it has ended; the disaster recovery that goes on with it can be paused and cancelled.",
  );
const hasNotStarted = (run: RunFacts) =>
  refuse(run, `The run of ${run.planName} has not started.`, "Try again once it is RUNNING, or cancel it and start a DISASTER recovery.");
function isNotPlanned(run: RunFacts) {
  const remedy =
    run.kind === "DISASTER"
      ? "Nothing has to be done: it is a disaster recovery."
      : run.kind === "REPROTECT"
        ? "Cancel it, or wait until it has ended."
        : "Start a DISASTER recovery of the plan: it waits for no test and no cleanup.";
  return refuse(run, `Only a planned recovery is switched to a disaster recovery, and this run of ${run.planName} is none.`, remedy);
}
const isCancelled = (run: RunFacts) => refuse(run, `The run of ${run.planName} is being cancelled.`, "Wait until it has ended.");
const isAtFailure = (run: RunFacts) =>
  refuse(
    run,
    `The run of ${run.planName} is paused because a step has failed.`,
    "Retry or skip each failed step (retryStep, skipStep): behind the last one it goes on by itself.",
  );
const isReprotect = (run: RunFacts) =>
  refuse(run, "A reprotect can't be paused.", "Let it go on, or cancel it; another one goes on with what it has done.");
const isCleanup = (run: RunFacts) => refuse(run, "A cleanup can be neither paused nor cancelled.", "Wait until it has ended.");
