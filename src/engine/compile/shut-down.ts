/** Protected VMs are shut down in the exact reverse of the order in which they start: priority groups, tiers and dependencies. */
import { vmTiers } from "../cycles.ts";
import type { RecoverySnapshot, SnapshotRecoveryVm } from "../run-snapshot.ts";
import { siteRef, unreachable } from "./sites.ts";
import type { Tree } from "./tree.ts";

export interface ShutDown {
  /** None where nothing is to be shut down. */
  readonly container: readonly number[];
  /** The steps of the group's VMs. */
  of(groupId: string): readonly number[];
}

export function addShutDown(tree: Tree, snapshot: RecoverySnapshot, after: readonly number[]): ShutDown {
  if (!snapshot.options.shutdownSourceVms || snapshot.vms.length === 0) return { container: [], of: () => [] };
  const made = new Map<string, number>();
  const site = siteRef(snapshot.protectedSite);
  const warnReason = unreachable(snapshot);
  const parent = tree.container(null, "SHUT_DOWN_VMS", { name: "Shut down protected VMs", after });
  const gates: number[] = [];
  for (const members of inStartOrder(snapshot).toReversed()) {
    const gate = tree.newGate();
    // All earlier gates, not only the last: one whose VMs are all off from the start is open at once.
    const afterGates = [...gates];
    for (const { id, name, externalId: vmId, groupId, shutdownDelaySeconds: guestTimeoutSeconds } of members) {
      const content = { kind: "SHUT_DOWN_VM", spec: { site, vmId, guestTimeoutSeconds } } as const;
      const about = { of: [id], name: `Shut down ${name}`, siteId: site.siteId, groupId, vmId: id };
      const ordinal = tree.leaf(parent, content, { ...about, afterGates, warnReason });
      tree.node(ordinal).opensGate = gate;
      made.set(id, ordinal);
    }
    gates.push(gate);
  }
  addDependents(tree, snapshot, made);
  const byGroup = Map.groupBy(snapshot.vms, ({ groupId }) => groupId);
  return { container: [parent], of: (groupId) => (byGroup.get(groupId) ?? []).flatMap(({ id }) => made.get(id) ?? []) };
}

/** VMs of one position (priority group and tier) together, those that start first first. */
export function inStartOrder({ priorityGroups, vms }: RecoverySnapshot): readonly (readonly SnapshotRecoveryVm[])[] {
  const priorityOf = new Map(priorityGroups.flatMap(({ groupIds, priority }) => groupIds.map((id) => [id, priority] as const)));
  const position = ({ groupId, priority }: SnapshotRecoveryVm) =>
    (priorityOf.get(groupId) ?? 0) * vmTiers.length + vmTiers.indexOf(priority);
  const positions = Map.groupBy(vms, position);
  return [...positions].sort(([a], [b]) => a - b).map(([, members]) => members);
}

/** Who depends on a VM is off before it. */
function addDependents(tree: Tree, { vms }: RecoverySnapshot, made: ReadonlyMap<string, number>): void {
  const dependents = new Map<number, number[]>();
  for (const vm of vms) {
    const own = made.get(vm.id);
    for (const id of new Set(vm.dependsOn)) {
      const other = made.get(id);
      if (own === undefined || other === undefined) continue;
      const known = dependents.get(other);
      if (known) known.push(own);
      else dependents.set(other, [own]);
    }
  }
  for (const [ordinal, after] of dependents) tree.node(ordinal).after = after;
}
