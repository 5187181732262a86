/** Priority groups in order, each with its steps around its VMs: the same in a test, where nothing is permanent, and in a recovery. */
import { vmTiers } from "../cycles.ts";
import type { Pieces } from "../pieces.ts";
import type { RisingSnapshot, RunWarning, SnapshotPriorityGroup, SnapshotVm } from "../run-snapshot.ts";
import { runWarning } from "../warnings.ts";
import { CompileError } from "./error.ts";
import { addPlanSteps } from "./plan-steps.ts";
import type { Storage } from "./storage.ts";
import type { Tree } from "./tree.ts";
import { addVm, type PlacedVm } from "./vm.ts";

interface Making {
  readonly tree: Tree;
  readonly snapshot: RisingSnapshot;
  readonly storage: Storage;
  readonly warnings: RunWarning[];
  readonly placed: Map<string, PlacedVm>;
}

export function* addPriorityGroups(tree: Tree, snapshot: RisingSnapshot, storage: Storage, warnings: RunWarning[]): Pieces<void> {
  const making: Making = { tree, snapshot, storage, warnings, placed: new Map() };
  const vmsOf = vmsByPriorityGroup(snapshot);
  const earlier = [...storage.first];
  for (const group of [...snapshot.priorityGroups].sort((a, b) => a.priority - b.priority)) {
    const ordinal = yield* addPriorityGroup(making, group, vmsOf.get(group) ?? [], [...earlier]);
    if (ordinal !== null) earlier.push(ordinal);
  }
  addDependencies(making);
}

/**
 * It comes after each of the earlier groups, not only the last: one whose VMs are all skipped early is settled before its turn, and
 * must not let those behind it pass.
 */
function* addPriorityGroup(
  making: Making,
  group: SnapshotPriorityGroup,
  vms: readonly SnapshotVm[],
  after: readonly number[],
): Pieces<number | null> {
  const { tree, snapshot, storage } = making;
  const hasStep = [...group.preSteps, ...group.postSteps].some(({ type }) => type !== "COMMAND" || snapshot.options.runScripts);
  if (vms.length === 0 && !hasStep) return null;
  const name = `Priority group ${group.priority}${group.name === "" ? "" : `: ${group.name}`}`;
  const parent = tree.container(null, "PRIORITY_GROUP", { of: [group.priority], name, after });
  const before = addPlanSteps(tree, snapshot, group.preSteps, { parent, phase: "PRE_POWER_ON", head: storage.containers });
  const containers = yield* addTiers(making, parent, vms, before);
  addPlanSteps(tree, snapshot, group.postSteps, {
    parent,
    phase: "POST_POWER_ON",
    head: [...storage.containers, ...before, ...containers],
  });
  return parent;
}

/** VMs at a time. */
const piece = 10;

/** Each tier waits for the gates of all earlier ones, for the same reason as priority groups do. */
function* addTiers(making: Making, parent: number, vms: readonly SnapshotVm[], after: readonly number[]): Pieces<number[]> {
  const { tree, snapshot, storage, warnings, placed } = making;
  const containers: number[] = [];
  const gates: number[] = [];
  for (const tier of vmTiers) {
    const members = vms.filter(({ priority }) => priority === tier);
    if (members.length === 0) continue;
    const gate = tree.newGate();
    const afterGates = [...gates];
    for (const [index, vm] of members.entries()) {
      if (index % piece === 0) yield;
      const made = storage.made.get(vm.groupId);
      if (made === undefined) throw new CompileError(`The protection group of ${vm.name} is not part of the run.`);
      const nics = storage.nicsOf(vm);
      const networks = nics.flatMap(({ network }) => ("madeBy" in network ? [network.madeBy] : []));
      const place = { parent, snapshot: made, nics, after, needs: [...new Set([made, ...networks])], afterGates };
      const vmSteps = addVm(tree, snapshot, vm, place, warnings);
      tree.node(vmSteps.ready).opensGate = gate;
      placed.set(vm.id, vmSteps);
      containers.push(vmSteps.container);
    }
    gates.push(gate);
  }
  return containers;
}

/** Dependents wait for ready, wherever in the plan; a dependency that is not ready leaves them SKIPPED. */
function addDependencies({ tree, snapshot, placed, warnings }: Making): void {
  for (const vm of snapshot.vms) {
    const own = placed.get(vm.id);
    if (!own) continue;
    const ready = new Set<number>();
    for (const id of vm.dependsOn) {
      const other = placed.get(id);
      if (other) ready.add(other.ready);
      else
        warnings.push(
          runWarning("DEPENDENCY_OUTSIDE_RUN", `${vm.name} depends on a VM that is not part of this run; it does not wait for it.`),
        );
    }
    const container = tree.node(own.container);
    if (ready.size > 0) container.needs = [...container.needs, ...ready];
  }
}

function vmsByPriorityGroup({ priorityGroups, vms }: RisingSnapshot): ReadonlyMap<SnapshotPriorityGroup, readonly SnapshotVm[]> {
  const groupOf = new Map(priorityGroups.flatMap((group) => group.groupIds.map((id) => [id, group] as const)));
  const found = new Map<SnapshotPriorityGroup, SnapshotVm[]>(priorityGroups.map((group) => [group, []]));
  for (const vm of vms) {
    const group = groupOf.get(vm.groupId);
    if (!group) throw new CompileError(`The protection group of ${vm.name} is in no priority group.`);
    found.get(group)?.push(vm);
  }
  return found;
}
