/** The difference for people: + new, ~ changed with its fields. */
import type { Change, Difference } from "./diff.ts";
import type { Kind, MappingItem, PairingItem } from "./items.ts";

const kindNames: Record<Kind, string> = {
  sites: "site",
  pairings: "pairing",
  datastores: "datastore",
  networks: "network",
  resourcePools: "resource pool",
  folders: "folder",
  vms: "VM",
  mappings: "mapping",
  groups: "protection group",
  plans: "recovery plan",
  settings: "recovery settings of",
};

export function printDifference({ changes, unchanged }: Difference): string {
  if (changes.length === 0) return `nothing to change (${unchanged} unchanged)`;
  const created = changes.filter(({ fields }) => fields === null).length;
  const lines = changes.flatMap((change) => [
    `${change.fields === null ? "+" : "~"} ${titleOf(change)}`,
    ...(change.fields ?? []).map(({ field, from, to }) => `    ${field}: ${valueText(from)} → ${valueText(to)}`),
  ]);
  return [...lines, `${created} to create, ${changes.length - created} to change, ${unchanged} unchanged`].join("\n");
}

export function titleOf({ kind, item }: Pick<Change, "kind" | "item">): string {
  return `${kindNames[kind]} ${nameOf(item)}`;
}

function nameOf(item: Change["item"]): string {
  if ("source" in item) return mappingName(item);
  if ("arrayManagers" in item) return pairingName(item);
  if ("virtualMachine" in item) return `${item.site}/${item.virtualMachine}`;
  if ("path" in item) return `${item.site}${item.path}`;
  return "site" in item ? `${item.site}/${item.name}` : item.name;
}

const mappingName = ({ kind, sourceSite, source, target }: MappingItem) => `of the ${kind} ${sourceSite}/${source} to ${target}`;
const pairingName = ({ protectedSite, recoverySite }: PairingItem) => `${protectedSite} and ${recoverySite}`;

function valueText(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
