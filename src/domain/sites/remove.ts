/** Removing a site: only when nothing refers to it. */
import type { Change } from "../../events/changes.ts";
import { ConflictError } from "../errors.ts";
import { listed } from "../listed.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { lockSite } from "./site-rows.ts";

export interface SiteInput {
  readonly siteId: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** What refers to a site: at most five names of each, and how many there are. */
export interface SiteReferences {
  readonly pairedWith: readonly string[];
  readonly pairings: number;
  readonly groupNames: readonly string[];
  readonly groups: number;
  readonly planNames: readonly string[];
  readonly plans: number;
  readonly vmNames: readonly string[];
  readonly vms: number;
}

const some = (names: string, count: string, name: string, from: string) =>
  `(SELECT count(*)::int4 FROM ${from}) AS ${count}, ARRAY(SELECT ${name} FROM ${from} ORDER BY 1 LIMIT 5) AS "${names}"`;

const pairs =
  "site_pairing p JOIN site o ON o.id IN (p.local_site_id, p.remote_site_id) AND o.id <> $1 WHERE $1 IN (p.local_site_id, p.remote_site_id)";
const referencesText = `SELECT ${some("pairedWith", "pairings", "o.name", pairs)},
  ${some("groupNames", "groups", "g.name", "protection_group g WHERE $1 IN (g.protected_site_id, g.recovery_site_id)")},
  ${some("planNames", "plans", "r.name", "recovery_plan r JOIN site_pairing p ON p.id = r.pairing_id WHERE $1 IN (p.local_site_id, p.remote_site_id)")},
  ${some("vmNames", "vms", "v.name", "protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE v.site_id = $1")}`;

/** Why a site can't be removed; null: nothing refers to it. Pure. */
export function removalRefusal(siteName: string, found: SiteReferences): ConflictError | null {
  const parts = [
    ...(found.pairings === 0 ? [] : [`is paired with ${listed(found.pairedWith, found.pairings)}`]),
    ...(found.groups === 0 ? [] : [`has the protection groups ${listed(found.groupNames, found.groups)}`]),
    ...(found.plans === 0 ? [] : [`has the recovery plans ${listed(found.planNames, found.plans)}`]),
    ...(found.vms === 0 ? [] : [`has the protected VMs ${listed(found.vmNames, found.vms)}`]),
  ];
  if (parts.length === 0) return null;
  const remedy = "Delete its plans and protection groups first, then unpair it (unpairSites).";
  return new ConflictError(`The site ${siteName} ${parts.join(", ")}.`, remedy);
}

/** VMs elsewhere that one of the site's depends on: since a part of those that are recovered together was reprotected. */
const neededText = `SELECT DISTINCT o.id, o.name FROM vm_dependency d JOIN virtual_machine o ON o.id = d.depends_on_vm_id
  WHERE d.vm_id = ANY(ARRAY(SELECT id FROM virtual_machine WHERE site_id = $1)) AND o.site_id <> $1 ORDER BY o.id`;

const removals = [
  ["dependencies", "DELETE FROM vm_dependency d USING virtual_machine v WHERE v.site_id = $1 AND d.depends_on_vm_id = v.id"],
  [
    "mappings",
    "DELETE FROM vm_network_mapping m USING network n WHERE n.site_id = $1 AND n.id IN (m.target_network_id, m.test_network_id)",
  ],
] as const;

/** The site goes with its inventory; at the site itself nothing changes. */
export function remove(context: ServiceContext, viewer: Viewer, input: SiteInput): Promise<{ siteId: string }> {
  const { siteId } = input;
  return mutate(context, viewer, {
    mutation: "removeSite",
    input: { ...input },
    answer: { siteId },
    async act(client) {
      const site = await lockSite(client, siteId, "UPDATE");
      const { rows } = await client.query<SiteReferences>({ name: "site-references", text: referencesText, values: [siteId] });
      const refusal = rows[0] ? removalRefusal(site.name, rows[0]) : null;
      if (refusal !== null) throw refusal;
      const needed = await client.query<{ id: string; name: string }>({ name: "site-needed-vms", text: neededText, values: [siteId] });
      for (const [name, text] of removals) await client.query({ name: `site-remove-${name}`, text, values: [siteId] });
      const vms = await client.query<{ id: string; name: string }>({
        name: "site-remove-vms",
        text: "DELETE FROM virtual_machine WHERE site_id = $1 RETURNING id, name",
        values: [siteId],
      });
      await client.query({ name: "site-remove", text: "DELETE FROM site WHERE id = $1", values: [siteId] });
      const gone = vms.rows.map(({ id, name }): Change => ({ kind: "VM_CHANGED", id, change: "DELETED", name }));
      const others = needed.rows.map(({ id, name }): Change => ({ kind: "VM_CHANGED", id, change: "UPDATED", name }));
      return [{ kind: "SITE_CHANGED", id: siteId, change: "DELETED", name: site.name }, ...gone, ...others];
    },
  });
}
