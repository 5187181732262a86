/** Whether a step of one run means the same as the step of its key in another. */
import { sortedFields } from "../database/json.ts";
import type { LeafNode } from "./model.ts";

/** What of a spec makes it this step: for `identityHash`. */
export function identifyingPart({ kind, spec }: LeafNode): object {
  const fields = identifying[kind] ?? [];
  return Object.fromEntries(Object.entries(spec).filter(([field]) => fields.includes(field)));
}

/** In SQL, for commands, prompts and pauses: two of one kind are the same when these are. The index recovery_step_exercised holds it. */
export const identityHash = (spec: string): string =>
  `md5(coalesce(${spec} #>> '{site,siteId}', '') || ' ' || coalesce(${spec} ->> 'command', '') || ' ' || coalesce(${spec} ->> 'arguments', ''))`;

export const isSame = (node: LeafNode, spec: unknown): boolean =>
  JSON.stringify(identityOf(node, node.spec)) === JSON.stringify(identityOf(node, spec));

/** Fields of a spec that make it another step; what else differs comes too late (such as networks of a VM that is registered). */
const identifying: Partial<Record<LeafNode["kind"], readonly string[]>> = {
  REGISTER_VM: ["site", "sourceVmId", "placeholderId"],
  PROMOTE_STORAGE: ["site", "groupId"],
  SHUT_DOWN_VM: ["site", "vmId"],
  SET_STORAGE_READ_ONLY: ["site", "groupId", "sourceVmIds"],
  SYNCHRONISE: ["site", "groupId"],
  STOP_REPLICATION: ["site", "groupId"],
  REVERSE_REPLICATION: ["site", "groupId", "members"],
  DEMOTE_VM: ["site", "vmId", "sourceVmId"],
  POWER_ON: ["site"],
  CUSTOMISE_IP: ["site", "nics"],
  COMMAND: ["site", "command", "arguments"],
  GUEST_COMMAND: ["site", "command", "arguments"],
  READY_CHECK: ["site", "check", "port", "target"],
  PROBE: ["site", "check", "port", "target"],
};

function identityOf(node: LeafNode, spec: unknown): unknown {
  if (typeof spec !== "object" || spec === null) return null;
  const fields = identifying[node.kind] ?? [];
  return fields.map((field) => sortedFields(field === "site" ? siteIdOf(Reflect.get(spec, field)) : Reflect.get(spec, field)));
}

const siteIdOf = (site: unknown): unknown => (typeof site === "object" && site !== null ? Reflect.get(site, "siteId") : null);
