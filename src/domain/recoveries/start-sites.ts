/** The two sites of a plan. */
import type pg from "pg";
import type { SiteRow } from "../ask-site.ts";
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";

export interface PlanSites {
  readonly protectedSite: SiteRow;
  readonly recoverySite: SiteRow;
}

const columns = `s.id, s.name, s.provider, s.external_id AS "externalId", s.state`;

/** By the direction of the plan's groups; a plan without groups has that of its pair. */
export async function sitesOfPlan(database: Pick<pg.ClientBase, "query">, planId: string): Promise<PlanSites> {
  const { rows } = await database.query<SiteRow & { role: "PROTECTED" | "RECOVERY" }>({
    name: "sites-of-plan",
    text: `WITH direction AS (
        SELECT coalesce(g.protected_site_id, p.local_site_id) AS protected, coalesce(g.recovery_site_id, p.remote_site_id) AS recovery
        FROM recovery_plan r JOIN site_pairing p ON p.id = r.pairing_id
          LEFT JOIN plan_protection_group m ON m.plan_id = r.id LEFT JOIN protection_group g ON g.id = m.group_id
        WHERE r.id = $1 ORDER BY g.name, g.id LIMIT 1)
      SELECT ${columns}, 'PROTECTED' AS role FROM direction d JOIN site s ON s.id = d.protected
      UNION ALL SELECT ${columns}, 'RECOVERY' FROM direction d JOIN site s ON s.id = d.recovery`,
    values: [planId],
  });
  const protectedSite = rows.find(({ role }) => role === "PROTECTED");
  const recoverySite = rows.find(({ role }) => role === "RECOVERY");
  if (protectedSite === undefined || recoverySite === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return { protectedSite, recoverySite };
}
