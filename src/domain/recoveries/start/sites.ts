/** The two sites of a plan. */
import type pg from "pg";
import { anyOf } from "../../../database/list-parameter.ts";
import type { SiteRow } from "../../ask-site.ts";
import { ConflictError, NotFoundError } from "../../errors.ts";
import { encodeId } from "../../ids.ts";
import { lastRecoverySites } from "../service/facts.ts";

export interface PlanSite extends SiteRow {
  readonly suspectSince: Date | null;
  /** The last good heartbeat. */
  readonly heartbeatAt: Date | null;
}

export interface PlanSites {
  readonly protectedSite: PlanSite;
  readonly recoverySite: PlanSite;
}

const columns = `s.id, s.name, s.provider, s.external_id AS "externalId", s.state, s.suspect_since AS "suspectSince", s.heartbeat_at AS "heartbeatAt"`;

/** Where the groups have more than one direction: which of them the run is about. */
const directions = {
  /** Those that go where the newest recovery went, while it is incomplete; once it is over, those that have been turned round since. */
  RECOVERY:
    "g.recovery_site_id::text = l.sites ->> (CASE WHEN x.lifecycle = 'RECOVERY_INCOMPLETE' THEN 'to' ELSE 'from' END) DESC NULLS LAST",
  /** Those that have recovered VMs; of these, those of the newest recovery. */
  REPROTECT:
    "EXISTS (SELECT FROM recovered_vm c WHERE c.group_id = g.id) DESC, g.recovery_site_id::text = l.sites ->> 'to' DESC NULLS LAST",
} as const;

const textAbout = (about: keyof typeof directions) => `WITH direction AS (
    SELECT DISTINCT ON (x.id) x.id, coalesce(g.protected_site_id, p.local_site_id) AS protected, coalesce(g.recovery_site_id, p.remote_site_id) AS recovery
    FROM recovery_plan x JOIN site_pairing p ON p.id = x.pairing_id LEFT JOIN LATERAL (${lastRecoverySites("x.id")}) l(sites) ON true
      LEFT JOIN plan_protection_group m ON m.plan_id = x.id LEFT JOIN protection_group g ON g.id = m.group_id
    WHERE x.id = ${anyOf("$1")} ORDER BY x.id, ${directions[about]}, g.name, g.id)
  SELECT d.id AS "planId", ${columns}, 'PROTECTED' AS role FROM direction d JOIN site s ON s.id = d.protected
  UNION ALL SELECT d.id, ${columns}, 'RECOVERY' FROM direction d JOIN site s ON s.id = d.recovery`;

interface SiteOfPlan extends PlanSite {
  readonly planId: string;
  readonly role: "PROTECTED" | "RECOVERY";
}

/** By the direction of the plans' groups; a plan without groups has that of its pair. Of those plans that there are. */
export async function sitesOfPlans(
  database: Pick<pg.ClientBase, "query">,
  planIds: readonly string[],
  about: keyof typeof directions = "RECOVERY",
): Promise<ReadonlyMap<string, PlanSites>> {
  const { rows } = await database.query<SiteOfPlan>({ name: `sites-of-plans-${about}`, text: textAbout(about), values: [planIds] });
  const found = new Map<string, PlanSites>();
  for (const [planId, sites] of Map.groupBy(rows, (site) => site.planId)) {
    const protectedSite = sites.find(({ role }) => role === "PROTECTED");
    const recoverySite = sites.find(({ role }) => role === "RECOVERY");
    if (protectedSite !== undefined && recoverySite !== undefined) found.set(planId, { protectedSite, recoverySite });
  }
  return found;
}

/** Of one plan. */
export async function sitesOfPlan(
  database: Pick<pg.ClientBase, "query">,
  planId: string,
  about: keyof typeof directions = "RECOVERY",
): Promise<PlanSites> {
  const sites = (await sitesOfPlans(database, [planId], about)).get(planId);
  if (sites === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return sites;
}

/** Groups that were turned round, or moved to other sites, since the sites were asked. */
export function groupsHaveMoved(groups: readonly { readonly recoverySiteId: string }[], { recoverySite }: PlanSites): boolean {
  return groups.some(({ recoverySiteId }) => recoverySiteId !== recoverySite.id);
}

export const movedAtTheSameMoment = (): ConflictError =>
  new ConflictError("The plan's groups were changed at the same moment.", "Look at the plan, and start again.");
