import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, batchedOne, type Gate } from "../batching.ts";

export interface SiteSummaryRow {
  readonly siteId: string;
  readonly groups: number;
  readonly plans: number;
  readonly protectedVms: number;
  readonly placeholders: number;
  readonly lastTestAt: Date | null;
  readonly violations: number;
}

export interface SiteIssueRow {
  readonly siteId: string;
  readonly code:
    | "SITE_DISCONNECTED"
    | "SITE_PARTIALLY_CONNECTED"
    | "SPLIT_BRAIN"
    | "GROUP_FAULT"
    | "RPO_VIOLATION"
    | "LEFTOVER"
    | "MISSING_AT_SOURCE"
    | "INVENTORY_MISSING";
  /** Name of what it concerns; of a site itself, the reason. */
  readonly subject: string;
  readonly since: Date | null;
}

/** Members of groups that `site` says, group by group: one site's, out of all that there are. */
const membersOf = (site: string, which = "true") => `(SELECT coalesce(sum(n.count), 0)::int4 FROM protection_group g
      CROSS JOIN LATERAL (SELECT count(*) FROM protected_vm m WHERE m.group_id = g.id AND ${which} OFFSET 0) AS n WHERE ${site})`;

/** A placeholder stands at the recovery site of its VM's group; plans and tests belong to both sites of their pair. */
const summaries = `SELECT s.id AS "siteId",
    (SELECT count(*)::int4 FROM protection_group g WHERE s.id IN (g.protected_site_id, g.recovery_site_id)) AS groups,
    (SELECT count(*)::int4 FROM recovery_plan p JOIN site_pairing i ON i.id = p.pairing_id
      WHERE s.id IN (i.local_site_id, i.remote_site_id)) AS plans,
    ${membersOf("g.protected_site_id = s.id")} AS "protectedVms",
    ${membersOf("g.recovery_site_id = s.id", "m.placeholder_external_id IS NOT NULL")} AS placeholders,
    (SELECT max(p.last_test_at) FROM recovery_plan p JOIN site_pairing i ON i.id = p.pairing_id
      WHERE s.id IN (i.local_site_id, i.remote_site_id)) AS "lastTestAt",
    (SELECT count(*)::int4 FROM rpo_violation v JOIN protection_group g ON g.id = v.group_id
      WHERE g.protected_site_id = s.id AND v.closed_at IS NULL) AS violations
  FROM site s WHERE s.id = ANY($1::uuid[])`;

const missingPlaces = (table: string) => `UNION ALL
  SELECT i.site_id, 'INVENTORY_MISSING', i.name, i.missing_since FROM ${table} i WHERE i.site_id = ANY($1::uuid[]) AND i.missing_since IS NOT NULL
  `;

const issues = `SELECT s.id AS "siteId", 'SITE_' || s.state AS code, coalesce(s.state_reason, s.name || ' can''t be reached as it should.') AS subject,
    s.state_since AS since FROM site s WHERE s.id = ANY($1::uuid[]) AND s.state <> 'CONNECTED'
  UNION ALL
  SELECT t.id, 'SPLIT_BRAIN', v.name, r.both_on_since FROM recovered_vm r JOIN virtual_machine v ON v.id = r.vm_id
    JOIN site t ON t.id IN (r.original_site_id, r.recovery_site_id) WHERE t.id = ANY($1::uuid[]) AND r.both_on_since IS NOT NULL
  UNION ALL
  SELECT g.protected_site_id, 'GROUP_FAULT', g.name, g.fault_since FROM protection_group g
    WHERE g.protected_site_id = ANY($1::uuid[]) AND g.fault_code IS NOT NULL
  UNION ALL
  SELECT g.protected_site_id, 'RPO_VIOLATION', v.vm_name, v.opened_at FROM rpo_violation v JOIN protection_group g ON g.id = v.group_id
    WHERE g.protected_site_id = ANY($1::uuid[]) AND v.closed_at IS NULL
  UNION ALL
  SELECT l.site_id, 'LEFTOVER', l.name, l.found_at FROM leftover l WHERE l.site_id = ANY($1::uuid[]) AND l.gone_at IS NULL
  UNION ALL
  SELECT v.site_id, 'MISSING_AT_SOURCE', v.name, v.missing_since FROM virtual_machine v JOIN protected_vm m ON m.vm_id = v.id
    WHERE v.site_id = ANY($1::uuid[]) AND v.missing_since IS NOT NULL
  ${["datastore", "network", "resource_pool", "folder"].map(missingPlaces).join("")}
  ORDER BY since, subject`;

export function openSummaryLoaders({ pool }: Pick<Database, "pool">) {
  const siteSummary = batchedOne(
    (ids) => queryRows<SiteSummaryRow>(pool, { name: "site-summaries", text: summaries, values: [ids] }),
    ({ siteId }) => siteId,
  );
  const siteIssues = batchedMany(
    (ids) => queryRows<SiteIssueRow>(pool, { name: "site-issues", text: issues, values: [ids] }),
    ({ siteId }) => siteId,
  );
  return (gate: Gate) => ({ siteSummary: siteSummary.loader(gate), siteIssues: siteIssues.loader(gate) });
}
