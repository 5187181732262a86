/** References to sites that steps share, and what is known of the protected one from the start. */
import type { SiteRef } from "../model.ts";
import type { RisingSnapshot, SnapshotSite } from "../run-snapshot.ts";

export const siteRef = ({ provider, externalId, id, name }: SnapshotSite): SiteRef => ({
  provider,
  externalId,
  siteId: id,
  siteName: name,
});

/** Why a disaster recovery asks nothing of the protected site; null: it does. */
export function unreachable(snapshot: RisingSnapshot): string | null {
  if (snapshot.kind !== "DISASTER" || snapshot.protectedSiteCondition !== "DISCONNECTED") return null;
  return `Not done: ${snapshot.protectedSite.name} can't be reached`;
}
