/** What has changed in a plan between two snapshots: that of a test, and that of a run as it would be started now. Pure. */
import { added, type Compared, changed, changedIf, compare, type PlanChange, removed } from "./change.ts";
import { stepChanges } from "./changes-steps.ts";
import { vmChanges } from "./changes-vm.ts";
import type { FindingObject } from "./found.ts";

export function changesBetween(plan: FindingObject, before: Compared, after: Compared): PlanChange[] {
  return [
    ...directionChange(plan, before, after),
    ...groupChanges(before, after),
    ...stepChanges(plan, before, after),
    ...vmChanges(before, after),
  ];
}

function directionChange(plan: FindingObject, before: Compared, after: Compared): PlanChange[] {
  if (before.recoverySite.id === after.recoverySite.id && before.protectedSite.id === after.protectedSite.id) return [];
  const way = ({ protectedSite, recoverySite }: Compared) => `${protectedSite.name} to ${recoverySite.name}`;
  return [changed("DIRECTION", plan, null, way(before), way(after))];
}

function groupChanges(before: Compared, after: Compared): PlanChange[] {
  const priorities = (compared: Compared) =>
    new Map(compared.priorityGroups.flatMap(({ priority, groupIds }) => groupIds.map((id) => [id, priority] as const)));
  const [was, is] = [priorities(before), priorities(after)];
  return compare(before.groups, after.groups, {
    added: ({ id, name }) => [added("GROUP", group(id, name))],
    removed: ({ id, name }) => [removed("GROUP", group(id, name))],
    both: (_, { id, name }) => changedIf("ORDER", group(id, name), "priority", was.get(id) ?? null, is.get(id) ?? null),
  });
}

const group = (id: string, name: string): FindingObject => ({ type: "ProtectionGroup", id, name });
