/** How a plan stands, as it is read for whoever shows it or judges it. */
import type { Context } from "../context.ts";
import type { PlanRow } from "./types-refs.ts";
import type { Standing } from "./types-standing.ts";

/** Everything that a plan's state is computed from; loaded once per request, whichever of its fields ask. */
export async function standingOf(
  { id, lifecycle, pairingId, lostGroups }: Pick<PlanRow, "id" | "lifecycle" | "pairingId"> & Pick<Standing, "lostGroups">,
  { loaders }: Pick<Context, "loaders">,
): Promise<Standing> {
  const [groups, unmapped, pairing, run] = await Promise.all([
    loaders.standingOfPlan.load(id),
    loaders.unmappedOfPlan.load(id),
    loaders.pairing.load(pairingId),
    loaders.activeRunOfPlan.load(id).then((active) => active && loaders.recovery.load(active.id)),
  ]);
  const siteIds = pairing ? [pairing.localSiteId, pairing.remoteSiteId] : [];
  const sites = await Promise.all(siteIds.map((siteId) => loaders.site.load(siteId)));
  return {
    planId: id,
    lifecycle,
    groups,
    lostGroups,
    unmapped,
    sites: sites.filter((site) => site !== null),
    runState: run?.state ?? null,
  };
}
