/** How plans stand, as it is read for whoever shows them or judges them. */
import DataLoader from "dataloader";
import { all, type Loader } from "../batching.ts";
import type { Context } from "../context.ts";
import type { PlanRow } from "./types-refs.ts";
import { faultsOf, type JudgedStanding, type Standing } from "./types-standing.ts";

type Loaders = Context["loaders"];
type Plan = Pick<PlanRow, "id" | "lifecycle" | "pairingId"> & Pick<Standing, "lostGroups">;

export type StandingReader = DataLoader<Plan, JudgedStanding>;

/** Everything that a plan's state is computed from; read once per request, whichever of its fields ask, and for all of its plans together. */
export function standingOf(plan: Plan, { loaders }: Pick<Context, "loaders">): Promise<JudgedStanding> {
  loaders.standings ??= new DataLoader((plans) => readStandings(plans, loaders));
  return loaders.standings.load(plan);
}

async function readStandings(plans: readonly Plan[], loaders: Loaders): Promise<JudgedStanding[]> {
  const ids = plans.map(({ id }) => id);
  const [groups, unmapped, pairings, runs] = await Promise.all([
    all(loaders.standingOfPlan.loadMany(ids)),
    all(loaders.unmappedOfPlan.loadMany(ids)),
    byId(loaders.pairing, new Set(plans.map(({ pairingId }) => pairingId))),
    activeRuns(ids, loaders),
  ]);
  const sites = await byId(loaders.site, new Set([...pairings.values()].flatMap(sitesOf)));
  return plans.map(({ id, lifecycle, pairingId, lostGroups }, at) => {
    const pairing = pairings.get(pairingId);
    const standing: Standing = {
      planId: id,
      lifecycle,
      groups: groups[at] ?? [],
      lostGroups,
      unmapped: unmapped[at] ?? [],
      sites: pairing ? sitesOf(pairing).flatMap((siteId) => sites.get(siteId) ?? []) : [],
      runState: runs.get(id)?.state ?? null,
    };
    return { ...standing, faults: faultsOf(standing) };
  });
}

/** By the plans' ids. */
async function activeRuns(planIds: readonly string[], loaders: Loaders) {
  const active = (await all(loaders.activeRunOfPlan.loadMany(planIds))).filter((run) => run !== null);
  const runs = await byId(loaders.recovery, new Set(active.map(({ id }) => id)));
  return new Map(active.map(({ planId, id }) => [planId, runs.get(id)]));
}

const sitesOf = ({ localSiteId, remoteSiteId }: { readonly localSiteId: string; readonly remoteSiteId: string }) => [
  localSiteId,
  remoteSiteId,
];

/** Those that are there. */
async function byId<Row extends { readonly id: string }>(loader: Loader<string, Row | null>, ids: ReadonlySet<string>) {
  const rows = (await all(loader.loadMany([...ids]))).filter((row) => row !== null);
  return new Map(rows.map((row) => [row.id, row]));
}
