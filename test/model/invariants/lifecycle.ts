/** Lifecycles go where the table says, and from each of them there is a way on. */
import { Broken } from "../broken.ts";
import { type Look, openRunOf } from "../look.ts";
import { lifecyclesAfter, waysOn } from "../model.ts";

export function lifecyclesFit(before: Look, after: Look): void {
  for (const plan of after.plans) {
    const run = openRunOf(after, plan.id);
    if ((run !== null) !== plan.lifecycle.endsWith("_IN_PROGRESS") && run?.kind !== "CLEANUP")
      throw new Broken("A lifecycle does not fit the plan's run", { plan, run });
    if (run !== null) continue;
    const was = before.plans.find(({ id }) => id === plan.id)?.lifecycle;
    const ended = after.runs.filter(({ id, planId, ended }) => planId === plan.id && ended && !hasEnded(before, id));
    // A cleanup of a test that a disaster recovery has left behind changes nothing.
    const allowed =
      ended.length === 0 ? [was] : ended.flatMap((one) => [...lifecyclesAfter(one), ...(one.kind === "CLEANUP" ? [was] : [])]);
    const accepted = after.runs.some(
      ({ id, planId, accepted }) => planId === plan.id && accepted && !before.runs.find((run) => run.id === id)?.accepted,
    );
    const hasRecovered = after.vms.some(({ groupId, recovered }) => recovered !== null && plan.groupIds.includes(groupId));
    if (accepted && was === "RECOVERY_INCOMPLETE") allowed.push(hasRecovered ? "RECOVERY_COMPLETE" : "READY");
    // After a disaster recovery of some of its groups, the others wait for a reprotect of their own.
    if (hasRecovered && ended.some(({ kind }) => kind === "REPROTECT")) allowed.push("REPROTECT_INCOMPLETE");
    // Who keeps an original has one VM less that is recovered, or none at all.
    if (was === "RECOVERY_COMPLETE") allowed.push("RECOVERY_INCOMPLETE");
    if (was !== undefined && mayHaveRecovered.has(was) && !hasRecovered) allowed.push("READY");
    if (!allowed.includes(plan.lifecycle)) throw new Broken("A lifecycle went where the table does not lead", { plan, was, ended });
    if (plan.lifecycle !== "READY" && !hasWayOn(after, plan.operations, plan.groupIds))
      throw new Broken("There is no way on", { plan, after });
  }
}

/** The last one covers a reprotect that was cancelled when all its groups had turned. */
const mayHaveRecovered: ReadonlySet<string> = new Set([
  "RECOVERY_COMPLETE",
  "RECOVERY_INCOMPLETE",
  "REPROTECT_INCOMPLETE",
  "REPROTECT_IN_PROGRESS",
]);

const hasEnded = ({ runs }: Look, id: string): boolean => runs.find((run) => run.id === id)?.ended === true;

/** While a site is away, a group is the other plan's, or two machines run, something else comes first. */
function hasWayOn(look: Look, operations: ReadonlyMap<string, string | null>, groupIds: readonly string[]): boolean {
  if (waysOn.some((operation) => operations.get(operation) === null)) return true;
  const away = [...look.siteStates.values()].includes("DISCONNECTED");
  const othersUse = look.groups.some(({ id, usedBy }) => groupIds.includes(id) && usedBy !== null);
  return away || othersUse || look.vms.some(({ recovered }) => recovered?.bothOnSince != null);
}
