import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import { openList } from "../lists.ts";
import { type VmFilter, type VmOrderField, type VmParent, type VmRow, vmById, vmSource } from "./types-vm-rows.ts";

/** A mapping with the site of its target, which tells its direction. */
interface PlaceMapping {
  readonly sourceId: string;
  readonly targetId: string;
  readonly targetSiteId: string;
}
interface NetworkPlace extends PlaceMapping {
  readonly testNetworkId: string | null;
}

/** Of a VM itself. */
interface OwnMapping {
  readonly vmId: string;
  readonly sourceNetworkId: string;
  readonly targetNetworkId: string;
  readonly testNetworkId: string | null;
  readonly targetSiteId: string;
}

const ownMappings = `SELECT m.vm_id AS "vmId", m.source_network_id AS "sourceNetworkId", m.target_network_id AS "targetNetworkId",
    m.test_network_id AS "testNetworkId", t.site_id AS "targetSiteId"
  FROM vm_network_mapping m JOIN network s ON s.id = m.source_network_id JOIN network t ON t.id = m.target_network_id
  WHERE m.vm_id = ANY($1::uuid[]) ORDER BY s.name, m.id`;

const folderPlaces = `SELECT m.source_folder_id AS "sourceId", m.target_folder_id AS "targetId", t.site_id AS "targetSiteId"
  FROM folder_mapping m JOIN folder t ON t.id = m.target_folder_id WHERE m.source_folder_id = ANY($1::uuid[]) ORDER BY m.id`;
const poolPlaces = `SELECT m.source_resource_pool_id AS "sourceId", m.target_resource_pool_id AS "targetId", t.site_id AS "targetSiteId"
  FROM resource_mapping m JOIN resource_pool t ON t.id = m.target_resource_pool_id WHERE m.source_resource_pool_id = ANY($1::uuid[]) ORDER BY m.id`;
const networkPlaces = `SELECT m.source_network_id AS "sourceId", m.target_network_id AS "targetId", t.site_id AS "targetSiteId", m.test_network_id AS "testNetworkId"
  FROM network_mapping m JOIN network t ON t.id = m.target_network_id WHERE m.source_network_id = ANY($1::uuid[]) ORDER BY m.id`;

export function openVmLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const vm = batchedOne(
    (ids) => queryRows<VmRow>(pool, { name: "vm-by-id", text: vmById, values: [ids] }),
    ({ id }) => id,
  );
  const settingsOfVm = batchedOne(
    (ids) => prisma.vmRecoverySettings.findMany({ where: { vmId: { in: padded(ids) } } }),
    ({ vmId }) => vmId,
  );
  const nicsOfVm = batchedMany(
    (ids) => prisma.vmNic.findMany({ where: { vmId: { in: padded(ids) } }, orderBy: { nicIndex: "asc" } }),
    ({ vmId }) => vmId,
  );
  const ipRulesOfVm = batchedMany(
    (ids) => prisma.ipRule.findMany({ where: { vmId: { in: padded(ids) } }, orderBy: { position: "asc" } }),
    ({ vmId }) => vmId,
  );
  const commandsOfVm = batchedMany(
    (ids) => prisma.vmCommand.findMany({ where: { vmId: { in: padded(ids) } }, orderBy: [{ phase: "asc" }, { position: "asc" }] }),
    ({ vmId }) => vmId,
  );
  const dependenciesOfVm = batchedMany(
    (ids) => prisma.vmDependency.findMany({ where: { vmId: { in: padded(ids) } }, orderBy: { dependsOnVmId: "asc" } }),
    ({ vmId }) => vmId,
  );
  const networkMappingsOfVm = batchedMany(
    (ids) => queryRows<OwnMapping>(pool, { name: "vm-network-mappings", text: ownMappings, values: [ids] }),
    ({ vmId }) => vmId,
  );
  const violationOfVm = batchedOne(
    (ids) => prisma.rpoViolation.findMany({ where: { vmId: { in: padded(ids) }, closedAt: null }, select: { vmId: true } }),
    ({ vmId }) => vmId,
  );
  const placesOf = (name: string, text: string) =>
    batchedMany(
      (ids) => queryRows<PlaceMapping>(pool, { name, text, values: [ids] }),
      ({ sourceId }) => sourceId,
    );
  const folderPlacesOf = placesOf("folder-places", folderPlaces);
  const poolPlacesOf = placesOf("pool-places", poolPlaces);
  const networkPlacesOf = batchedMany(
    (ids) => queryRows<NetworkPlace>(pool, { name: "network-places", text: networkPlaces, values: [ids] }),
    ({ sourceId }) => sourceId,
  );
  const vmList = openList<VmRow, VmOrderField, VmFilter, VmParent>(pool, vmSource, { field: "NAME", direction: "ASC", filter: {} });
  return (gate: Gate) => ({
    vm: vm.loader(gate),
    settingsOfVm: settingsOfVm.loader(gate),
    nicsOfVm: nicsOfVm.loader(gate),
    ipRulesOfVm: ipRulesOfVm.loader(gate),
    commandsOfVm: commandsOfVm.loader(gate),
    dependenciesOfVm: dependenciesOfVm.loader(gate),
    networkMappingsOfVm: networkMappingsOfVm.loader(gate),
    violationOfVm: violationOfVm.loader(gate),
    folderPlacesOf: folderPlacesOf.loader(gate),
    poolPlacesOf: poolPlacesOf.loader(gate),
    networkPlacesOf: networkPlacesOf.loader(gate),
    vmList: vmList(gate),
  });
}
