/**
 * A disaster recovery of what has been recovered: the site that the VMs run at now is lost as well. Only a group that has been turned round, by
 * a reprotect of the plan or of another one that holds it, has its data at the other site. Pure.
 */
import { ConflictError, PreconditionFailedError } from "../../errors.ts";
import type { GroupFacts, PlanFacts, RunFacts } from "./facts.ts";

/** Recovered, and not or not wholly protected in the other direction. */
export const hasRecovered = ({ lifecycle }: Pick<PlanFacts, "lifecycle">): boolean =>
  lifecycle === "RECOVERY_COMPLETE" || lifecycle === "REPROTECT_IN_PROGRESS" || lifecycle === "REPROTECT_INCOMPLETE";

/** Whether a group can be recovered from the site that the plan was recovered to. */
export const goesBackFrom =
  (recoveredTo: string | null) =>
  ({ protectedSiteId, state, hasCompletePoint }: Pick<GroupFacts, "protectedSiteId" | "state" | "hasCompletePoint">): boolean =>
    protectedSiteId === recoveredTo && state === "READY" && hasCompletePoint;

export function noWayBack({ name, groups }: Pick<PlanFacts, "name" | "groups">): PreconditionFailedError {
  const site = groups[0]?.protectedSiteName ?? "the other site";
  const message = `The plan ${name} has been recovered, and nothing of it is replicated back to ${site}: there is no recovery point to go back to.`;
  return new PreconditionFailedError("NO_RECOVERY_POINT", message, "Reprotect the plan; then it can be recovered in the other direction.");
}

/** A call that a lost site does not answer is waited for until its deadline. */
export function reprotectEnds(plan: Pick<PlanFacts, "id" | "name" | "lifecycle">, run: RunFacts): ConflictError {
  const details = { planId: plan.id, planName: plan.name, lifecycle: plan.lifecycle, activeRecoveryId: run.recoveryId };
  const message = `The reprotect of the plan ${plan.name} is being cancelled, and has not ended yet.`;
  const task = run.taskId === null ? {} : { activeTaskId: run.taskId };
  return new ConflictError(message, "Start the disaster recovery again as soon as it has ended.", { ...details, ...task });
}
