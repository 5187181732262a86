/** What every run of a group that is there already is told of it. */
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { nothingKnown, withCapabilities } from "../ask-site.ts";
import type { GroupFacts } from "./loaders-facts.ts";
import type { AskedSites, Direction } from "./sites.ts";

export const groupSnapshot = ({ id, name, externalId }: Pick<GroupFacts, "id" | "name" | "externalId">, sites: AskedSites) => ({
  version: 1 as const,
  group: { id, name, externalId },
  ...sites,
  pastSeconds: {},
});

/** For a run that only takes things back: what the sites can do does not matter, so they are not asked. */
export const sitesUnasked = ({ protectedSite, recoverySite }: Direction): AskedSites => {
  const unasked = (site: Direction["protectedSite"]): SnapshotSite => withCapabilities(site, nothingKnown);
  return { protectedSite: unasked(protectedSite), recoverySite: unasked(recoverySite) };
};
