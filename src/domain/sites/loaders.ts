import type { Database } from "../../database/database.ts";
import type { SitePairing } from "../../database/generated/client.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import type { Source } from "../list-sql.ts";
import { nameLike } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { readRecoveredFacts } from "./service-split-brain.ts";

export type SiteOrderField = "NAME" | "STATE";
export interface SiteFilter {
  readonly name?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly state?: string | null | undefined;
}

const sites: Source<SiteOrderField, SiteFilter, never> = {
  name: "sites",
  columns: "s.id",
  from: "site s",
  id: "s.id",
  orders: { NAME: { expression: "lower(s.name)", type: "text" }, STATE: { expression: "s.state::text", type: "text" } },
  conditions: [
    { type: "text", sql: (name) => `s.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "text", sql: (type) => `s.type::text = ${type}`, value: ({ type }) => type },
    { type: "text", sql: (state) => `s.state::text = ${state}`, value: ({ state }) => state },
  ],
  parents: {},
};

export function openSiteLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const site = batchedOne(
    (ids) => prisma.site.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const pairing = batchedOne(
    (ids) => prisma.sitePairing.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const pairingsOfSite = batchedMany<SitePairing & { ofSite: string }>(
    async (ids) => {
      const wanted = padded(ids);
      const found = await prisma.sitePairing.findMany({
        where: { OR: [{ localSiteId: { in: wanted } }, { remoteSiteId: { in: wanted } }] },
        orderBy: { id: "asc" },
      });
      return found.flatMap((row) => [row.localSiteId, row.remoteSiteId].map((ofSite) => ({ ...row, ofSite })));
    },
    ({ ofSite }) => ofSite,
  );
  const arrayManager = batchedOne(
    (ids) => prisma.arrayManager.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const arrayManagersOfPairing = batchedMany(
    (ids) => prisma.arrayManager.findMany({ where: { pairingId: { in: padded(ids) } }, orderBy: { name: "asc" } }),
    ({ pairingId }) => pairingId,
  );
  const replicationServer = batchedOne(
    (ids) => prisma.replicationServer.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const replicationServersOfPairing = batchedMany(
    (ids) => prisma.replicationServer.findMany({ where: { pairingId: { in: padded(ids) } }, orderBy: { name: "asc" } }),
    ({ pairingId }) => pairingId,
  );
  const recoveredFacts = batchedOne(
    (ids) => readRecoveredFacts(pool, ids),
    ({ vmId }) => vmId,
  );
  const siteList = openList(pool, sites, { field: "NAME", direction: "ASC", filter: {} });
  return (gate: Gate) => ({
    site: site.loader(gate),
    pairing: pairing.loader(gate),
    pairingsOfSite: pairingsOfSite.loader(gate),
    arrayManager: arrayManager.loader(gate),
    arrayManagersOfPairing: arrayManagersOfPairing.loader(gate),
    replicationServer: replicationServer.loader(gate),
    replicationServersOfPairing: replicationServersOfPairing.loader(gate),
    recoveredFacts: recoveredFacts.loader(gate),
    siteList: siteList(gate),
  });
}
