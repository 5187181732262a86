/** What an import has changed, as those hear of it who follow the log: each object once, also when several of its parts changed. Pure. */
import type { Change } from "../events/changes.ts";
import type { Ids } from "./current.ts";
import type { Change as Difference } from "./diff.ts";
import { type GroupItem, type Kind, keyOf, type Model, pairKey, type SettingsItem } from "./items.ts";
import { idOf } from "./write-inventory.ts";

/** `before`: as the database was. All ids are known by now. */
export function changesOf(differences: readonly Difference[], ids: Ids, before: Model): Change[] {
  const found = new Map<string, Change>();
  for (const difference of differences) {
    for (const change of ofOne(difference, ids, before)) {
      const key = `${change.kind} ${change.id}`;
      if (!found.has(key) || change.change === "CREATED") found.set(key, change);
    }
  }
  return [...found.values()];
}

const isOf = <K extends Kind>(difference: Difference, kind: K): difference is Difference<K> => difference.kind === kind;

function ofOne(difference: Difference, ids: Ids, before: Model): Change[] {
  const { key, fields } = difference;
  const own = fields === null ? "CREATED" : "UPDATED";
  const updated = "UPDATED";
  if (isOf(difference, "sites")) return [{ kind: "SITE_CHANGED", id: idOf(ids, "sites", key), change: own, name: difference.item.name }];
  if (isOf(difference, "pairings")) return [{ kind: "PAIRING_CHANGED", id: idOf(ids, "pairings", key), change: own }];
  if (isOf(difference, "vms")) return [{ kind: "VM_CHANGED", id: idOf(ids, "vms", key), change: own, name: difference.item.name }];
  if (isOf(difference, "plans")) return [{ kind: "PLAN_CHANGED", id: idOf(ids, "plans", key), change: own, name: difference.item.name }];
  if (isOf(difference, "settings")) {
    const { site, virtualMachine: name } = difference.item;
    const own: Change = { kind: "VM_CHANGED", id: idOf(ids, "vms", key), change: updated, name };
    const others = othersOf(difference.item, before.settings.get(key)).map((other) => ids.vms.get(keyOf(site, other)));
    return [own, ...others.flatMap((id): Change[] => (id === undefined ? [] : [{ kind: "VM_CHANGED", id, change: updated }]))];
  }
  if (isOf(difference, "mappings")) {
    const { sourceSite, targetSite } = difference.item;
    return [{ kind: "PAIRING_CHANGED", id: idOf(ids, "pairings", pairKey(sourceSite, targetSite)), change: updated }];
  }
  if (isOf(difference, "groups")) {
    const { item } = difference;
    const group: Change = { kind: "PROTECTION_GROUP_CHANGED", id: idOf(ids, "groups", key), change: own, name: item.name };
    const members = membersOf(item, before.groups.get(key));
    return [
      group,
      ...members.map(
        (name): Change => ({ kind: "VM_CHANGED", id: idOf(ids, "vms", keyOf(item.protectedSite, name)), change: updated, name }),
      ),
    ];
  }
  if ("site" in difference.item) {
    const { site } = difference.item;
    return [{ kind: "SITE_CHANGED", id: idOf(ids, "sites", keyOf(site)), change: updated, name: site }];
  }
  return [];
}

/** Those that are protected by the group now, and those that no longer are. */
const membersOf = (now: GroupItem, before: GroupItem | undefined): string[] => [
  ...new Set([...now.virtualMachines, ...(before?.protectedSite === now.protectedSite ? before.virtualMachines : [])]),
];

/** Those that the VM has come to depend on, or no longer does: whether they can be removed from their groups follows from it. */
function othersOf({ dependsOn: now }: SettingsItem, before: SettingsItem | undefined): string[] {
  const without = (some: readonly string[], others: readonly string[]) =>
    some.filter((name) => !others.some((other) => keyOf(other) === keyOf(name)));
  const earlier = before?.dependsOn ?? [];
  return [...without(earlier, now), ...without(now, earlier)];
}
