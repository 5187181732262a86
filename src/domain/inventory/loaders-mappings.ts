import type { Database } from "../../database/database.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";

export function openMappingLoaders({ prisma }: Pick<Database, "prisma">) {
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
  return (gate: Gate) => ({
    networkMapping: networkMapping.loader(gate),
    folderMapping: folderMapping.loader(gate),
    resourceMapping: resourceMapping.loader(gate),
    networkMappingsOfPairing: networkMappingsOfPairing.loader(gate),
    folderMappingsOfPairing: folderMappingsOfPairing.loader(gate),
    resourceMappingsOfPairing: resourceMappingsOfPairing.loader(gate),
  });
}
