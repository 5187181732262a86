/** No VM runs on both sites, unless split brain is declared. */
import { Broken } from "../broken.ts";
import type { Look, Machine } from "../look.ts";

/** Machines that are there for good, by the one that they all come from. */
export function lineages({ machines }: Look): ReadonlyMap<string, readonly Machine[]> {
  const rootOf = ({ id, sourceId }: Machine): string => {
    const source = sourceId === null ? undefined : machines.get(sourceId);
    return source === undefined ? id : rootOf(source);
  };
  return Map.groupBy(
    [...machines.values()].filter(({ runId }) => runId === null),
    rootOf,
  );
}

export const running = (machines: readonly Machine[]): readonly Machine[] => machines.filter(({ on, removed }) => on && !removed);

export const anyRunsTwice = (look: Look): boolean => [...lineages(look).values()].some((machines) => running(machines).length > 1);

/** A plan shows it, or a run that is under way tells that originals may be running. */
function isDeclared({ vms, plans, runs }: Look, machines: readonly Machine[]): boolean {
  const vm = vms.find(({ machineId, recovered }) => machines.some(({ id }) => id === machineId || id === recovered?.originalId));
  if (vm === undefined) return false;
  const own = plans.filter(({ groupIds }) => groupIds.includes(vm.groupId));
  return own.some(({ id, faults }) => faults.includes("SPLIT_BRAIN") || runs.some((run) => run.planId === id && !run.ended && run.doubts));
}

export function oneSite(after: Look): void {
  for (const machines of lineages(after).values()) {
    const on = running(machines);
    if (on.length < 2 || isDeclared(after, machines)) continue;
    throw new Broken("A VM runs on both sites, and nobody is told", { on: on.map(({ id, siteId }) => ({ id, siteId })), vms: after.vms });
  }
}
