import type { Database } from "../../database/database.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { type MappingKind, mappingKinds } from "./mapping-kinds.ts";

export type MappingOrderField = "SOURCE_NAME" | "TARGET_NAME";
export interface MappingFilter {
  readonly pairingId?: string | null | undefined;
  readonly siteId?: string | null | undefined;
  readonly sourceSiteId?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/** The three kinds are listed alike. */
const mappings = ({ table, sourceColumn, targetColumn, place }: MappingKind): Source<MappingOrderField, MappingFilter, never> => ({
  name: `${table}-list`,
  columns: "x.id",
  from: `${table} x JOIN ${place.table} s ON s.id = x.${sourceColumn} JOIN ${place.table} t ON t.id = x.${targetColumn}`,
  id: "x.id",
  orders: {
    SOURCE_NAME: { expression: `lower(s.${place.title})`, type: "text" },
    TARGET_NAME: { expression: `lower(t.${place.title})`, type: "text" },
  },
  conditions: [
    { type: "uuid", sql: (pairing) => `x.pairing_id = ${pairing}`, value: ({ pairingId }) => pairingId },
    { type: "uuid", sql: (site) => `${site} IN (s.site_id, t.site_id)`, value: ({ siteId }) => siteId },
    { type: "uuid", sql: (site) => `s.site_id = ${site}`, value: ({ sourceSiteId }) => sourceSiteId },
    {
      type: "text",
      sql: (name) => `(s.${place.title} ILIKE ${name} OR t.${place.title} ILIKE ${name})`,
      value: ({ name }) => nameLike(name),
    },
  ],
  parents: {},
});

export function openMappingLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const networkMapping = batchedOne(
    (ids) => prisma.networkMapping.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const folderMapping = batchedOne(
    (ids) => prisma.folderMapping.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const resourceMapping = batchedOne(
    (ids) => prisma.resourceMapping.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const networkMappingsOfPairing = batchedMany(
    (ids) => prisma.networkMapping.findMany({ where: { pairingId: { in: padded(ids) } }, orderBy: { id: "asc" } }),
    ({ pairingId }) => pairingId,
  );
  const folderMappingsOfPairing = batchedMany(
    (ids) => prisma.folderMapping.findMany({ where: { pairingId: { in: padded(ids) } }, orderBy: { id: "asc" } }),
    ({ pairingId }) => pairingId,
  );
  const resourceMappingsOfPairing = batchedMany(
    (ids) => prisma.resourceMapping.findMany({ where: { pairingId: { in: padded(ids) } }, orderBy: { id: "asc" } }),
    ({ pairingId }) => pairingId,
  );
  const listOf = (kind: MappingKind) => openList(pool, mappings(kind), { field: "SOURCE_NAME", direction: "ASC", filter: {} });
  const lists = { network: listOf(mappingKinds.network), folder: listOf(mappingKinds.folder), resource: listOf(mappingKinds.resource) };
  return (gate: Gate) => ({
    networkMapping: networkMapping.loader(gate),
    folderMapping: folderMapping.loader(gate),
    resourceMapping: resourceMapping.loader(gate),
    networkMappingsOfPairing: networkMappingsOfPairing.loader(gate),
    folderMappingsOfPairing: folderMappingsOfPairing.loader(gate),
    resourceMappingsOfPairing: resourceMappingsOfPairing.loader(gate),
    networkMappingList: lists.network(gate),
    folderMappingList: lists.folder(gate),
    resourceMappingList: lists.resource(gate),
  });
}
