/**
 * How a planned recovery puts back what it has changed at the protected site: the storage of each group is writable again, then its VMs are
 * powered on, in the order in which they start. Part of every tree, and held until the run is cancelled (put-back.ts). No step needs another one
 * to have ended well: a VM that can't be powered on must not keep the others off.
 */
import type { ResultOf } from "../model.ts";
import type { RecoverySnapshot } from "../run-snapshot.ts";
import { inStartOrder } from "./shut-down.ts";
import { siteRef } from "./sites.ts";
import type { Tree } from "./tree.ts";

export function addRollBack(tree: Tree, snapshot: RecoverySnapshot): void {
  const closed = stepsBy(tree, "SET_STORAGE_READ_ONLY", "groupId");
  const off = stepsBy(tree, "SHUT_DOWN_VM", "vmId");
  if (snapshot.kind !== "PLANNED" || closed.size + off.size === 0) return;
  const after = tree.nodes.flatMap(({ parent, ordinal }) => (parent === null ? [ordinal] : []));
  const parent = tree.container(null, "ROLL_BACK", { name: "Roll back", after });
  const opened = addWritable(tree, snapshot, parent, closed);
  addPowerOn(tree, snapshot, parent, off, opened);
}

function stepsBy(tree: Tree, kind: "SET_STORAGE_READ_ONLY" | "SHUT_DOWN_VM", field: "groupId" | "vmId"): ReadonlyMap<string, ResultOf> {
  return new Map(
    tree.nodes.flatMap((node) => {
      const id = node[field];
      return node.kind === kind && id !== null ? [[id, node.ordinal] as const] : [];
    }),
  );
}

/** By group. */
function addWritable(
  tree: Tree,
  { groups, vms, protectedSite }: RecoverySnapshot,
  parent: number,
  closed: ReadonlyMap<string, ResultOf>,
): ReadonlyMap<string, number> {
  const site = siteRef(protectedSite);
  const members = Map.groupBy(vms, ({ groupId }) => groupId);
  const made = new Map<string, number>();
  for (const { id, name, externalId: groupId } of groups) {
    const undoes = closed.get(id);
    if (undoes === undefined) continue;
    const sourceVmIds = (members.get(id) ?? []).map(({ externalId }) => externalId);
    const content = { kind: "SET_STORAGE_WRITABLE", spec: { site, groupId, sourceVmIds, undoes } } as const;
    made.set(
      id,
      tree.leaf(parent, content, { of: [id], name: `Make storage of ${name} writable again`, siteId: site.siteId, groupId: id }),
    );
  }
  return made;
}

/** Each position of the start order waits for the earlier ones; a dependent for what it depends on. */
function addPowerOn(
  tree: Tree,
  snapshot: RecoverySnapshot,
  parent: number,
  off: ReadonlyMap<string, ResultOf>,
  opened: ReadonlyMap<string, number>,
): void {
  const site = siteRef(snapshot.protectedSite);
  const made = new Map<string, number>();
  const gates: number[] = [];
  for (const members of inStartOrder(snapshot)) {
    const gate = tree.newGate();
    const afterGates = [...gates];
    for (const { id, name, groupId, externalId: vmId } of members) {
      const undoes = off.get(id);
      if (undoes === undefined) continue;
      const content = { kind: "POWER_ON_SOURCE", spec: { site, vmId, undoes } } as const;
      const about = { of: [id], name: `Power on ${name} again`, siteId: site.siteId, groupId, vmId: id, afterGates };
      const ordinal = tree.leaf(parent, content, about);
      tree.node(ordinal).opensGate = gate;
      tree.node(ordinal).after = [opened.get(groupId) ?? []].flat();
      made.set(id, ordinal);
    }
    gates.push(gate);
  }
  for (const { id, dependsOn } of snapshot.vms) {
    const own = made.get(id);
    if (own === undefined) continue;
    const others = new Set(dependsOn.flatMap((other) => made.get(other) ?? []));
    tree.node(own).after = [...tree.node(own).after, ...others];
  }
}
