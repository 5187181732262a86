/** References to sites that steps share, and what is known of the protected one from the start. */
import type { SiteRef } from "../model.ts";
import type { RisingSnapshot, SnapshotSite } from "../run-snapshot.ts";

const references = new WeakMap<SnapshotSite, SiteRef>();

/** The same one for all steps of a site in a run. */
export function siteRef(site: SnapshotSite): SiteRef {
  const known = references.get(site);
  if (known !== undefined) return known;
  const { provider, externalId, id: siteId, name: siteName } = site;
  const reference = { provider, externalId, siteId, siteName };
  references.set(site, reference);
  return reference;
}

/** Why a disaster recovery asks nothing of the protected site; null: it does. */
export function unreachable(snapshot: RisingSnapshot): string | null {
  if (snapshot.kind !== "DISASTER" || snapshot.protectedSiteCondition !== "DISCONNECTED") return null;
  return `Not done: ${snapshot.protectedSite.name} can't be reached`;
}
