/**
 * Whether VMs wait for each other: by dependencies, tiers and priority groups together. For services too, before settings,
 * members or priorities are stored.
 *
 * All that orders VMs but dependsOn is their position (priority group, then tier): a VM waits for all of earlier position. So a
 * dependency on a VM of later position closes a cycle of two; and where there is none, no step ever leads to a later position, so
 * that a cycle stays within one position and consists of dependencies only.
 */
import type { VmPriority } from "./model.ts";

/** In the order in which they start. */
export const vmTiers: readonly VmPriority[] = ["HIGHEST", "HIGH", "NORMAL", "LOW", "LOWEST"];

export interface OrderedVm {
  readonly id: string;
  readonly name: string;
  /** The priority of its priority group: 1 comes first. */
  readonly priorityGroup: number;
  readonly priority: VmPriority;
  /** Ids; those that are not in the list are ignored. */
  readonly dependsOn: readonly string[];
}

export interface Cycle {
  /** Each waits for the next, the last for the first. */
  readonly vms: readonly OrderedVm[];
  /** "web-1 waits for db-1 (depends on), db-1 waits for web-1 (priority group 2 comes after 1)". */
  readonly sentence: string;
}

/** The shortest cycle, or null. With thousands of VMs in cycles of three and more, the shortest that a bounded search finds. */
export function findCycle(vms: readonly OrderedVm[]): Cycle | null {
  const dependents = vms.filter(({ dependsOn }) => dependsOn.length > 0);
  if (dependents.length === 0) return null;
  const byId = new Map(vms.map((vm) => [vm.id, vm]));
  const dependencies = new Map(dependents.map((vm) => [vm, vm.dependsOn.flatMap((id) => byId.get(id) ?? [])]));
  for (const vm of dependents) if (vm.dependsOn.includes(vm.id)) return cycleOf([vm]);
  for (const [vm, others] of dependencies) {
    for (const other of others) if (comparePosition(vm, other) < 0 || dependencies.get(other)?.includes(vm)) return cycleOf([vm, other]);
  }
  const found = shortestOf(dependencies);
  return found && cycleOf(found);
}

type Dependencies = ReadonlyMap<OrderedVm, readonly OrderedVm[]>;

const tierOf = ({ priority }: OrderedVm) => vmTiers.indexOf(priority);
const comparePosition = (a: OrderedVm, b: OrderedVm) => a.priorityGroup - b.priorityGroup || tierOf(a) - tierOf(b);

/** How many dependencies the search may look at: a ring of 25,000 VMs must not block the gateway. */
const maxVisits = 2_000_000;

function shortestOf(dependencies: Dependencies): OrderedVm[] | null {
  let best: OrderedVm[] | null = null;
  let visits = 0;
  for (const first of inCycles(dependencies)) {
    const cameFrom = new Map<OrderedVm, OrderedVm>();
    let frontier = [first];
    for (let length = 1; frontier.length > 0 && (best === null || length < best.length); length++) {
      const next: OrderedVm[] = [];
      for (const vm of frontier) {
        for (const other of dependencies.get(vm) ?? []) {
          visits++;
          if (other === first) {
            best = pathTo(vm, first, cameFrom);
            next.length = 0;
            break;
          }
          if (cameFrom.has(other)) continue;
          cameFrom.set(other, vm);
          next.push(other);
        }
        if (best?.length === length) break;
      }
      frontier = next;
    }
    if (best !== null && (best.length === 3 || visits > maxVisits)) return best;
  }
  return best;
}

function pathTo(last: OrderedVm, first: OrderedVm, cameFrom: ReadonlyMap<OrderedVm, OrderedVm>): OrderedVm[] {
  const path = [last];
  for (let vm: OrderedVm | undefined = last; vm !== undefined && vm !== first; ) {
    vm = cameFrom.get(vm);
    if (vm) path.push(vm);
  }
  return path.reverse();
}

/** Those left when whatever nobody left depends on has been taken away, again and again: all cycles, and what lies between them. */
function inCycles(dependencies: Dependencies): OrderedVm[] {
  const dependents = new Map<OrderedVm, number>();
  for (const others of dependencies.values()) for (const other of others) dependents.set(other, (dependents.get(other) ?? 0) + 1);
  const free = [...dependencies.keys()].filter((vm) => !dependents.has(vm));
  const left = new Set(dependencies.keys());
  for (let vm = free.pop(); vm !== undefined; vm = free.pop()) {
    left.delete(vm);
    for (const other of dependencies.get(vm) ?? []) {
      const count = (dependents.get(other) ?? 0) - 1;
      dependents.set(other, count);
      if (count === 0) free.push(other);
    }
  }
  return [...left];
}

/** A sentence names at most so many steps of the way. */
const maxNamed = 12;

function cycleOf(vms: readonly OrderedVm[]): Cycle {
  const waits = vms.map((vm, index) => {
    const other = vms[(index + 1) % vms.length] ?? vm;
    return `${vm.name} waits for ${other === vm ? "itself" : other.name} (${reason(vm, other)})`;
  });
  const more = waits.length > maxNamed ? [`and so on over ${waits.length - maxNamed} more`] : [];
  return { vms, sentence: [...waits.slice(0, maxNamed), ...more].join(", ") };
}

function reason(vm: OrderedVm, other: OrderedVm): string {
  if (vm.dependsOn.includes(other.id)) return "depends on";
  if (vm.priorityGroup !== other.priorityGroup) return `priority group ${vm.priorityGroup} comes after ${other.priorityGroup}`;
  return `tier ${vm.priority} comes after ${other.priority}`;
}
