/** Writes sites, pairs, inventory and mappings: new ones in bulk, changed ones one by one. */
import { v7 as newId } from "uuid";
import type { Ids } from "./current.ts";
import type { Tx } from "./current-rows.ts";
import { type Change, changesOf, type Difference } from "./diff.ts";
import type { ImportFile } from "./file.ts";
import { type Kind, keyOf, type MappingItem, type PairingItem, pairKey, type VmItem } from "./items.ts";
import { insertNics, insertVms } from "./write-rows.ts";

export interface Writing {
  readonly tx: Tx;
  readonly difference: Difference;
  readonly ids: Ids;
  readonly file: ImportFile;
}

/** The id of what a name means; every name was checked. */
export function idOf(ids: Ids, kind: Kind, key: string): string {
  const id = ids[kind].get(key);
  if (id === undefined) throw new Error(`${kind} ${key} was not written before what refers to it`);
  return id;
}

/** Gives the new items of a kind their ids. */
export function splitUp<K extends Kind>(
  { difference, ids }: Writing,
  kind: K,
): { created: (Change<K> & { id: string })[]; changed: (Change<K> & { id: string })[] } {
  const { created, changed } = changesOf(difference, kind);
  for (const { key } of created) if (!ids[kind].has(key)) ids[kind].set(key, newId());
  const withId = (change: Change<K>) => ({ ...change, id: idOf(ids, kind, change.key) });
  return { created: created.map(withId), changed: changed.map(withId) };
}

export async function writeInventory(writing: Writing): Promise<void> {
  await writeSites(writing);
  await writePairings(writing);
  await writePlaces(writing);
  await writeVms(writing);
  await writeMappings(writing);
}

async function writeSites(writing: Writing): Promise<void> {
  const { tx } = writing;
  const { created, changed } = splitUp(writing, "sites");
  await tx.site.createMany({ data: created.map(({ id, item }) => ({ id, ...item })) });
  for (const { id, item } of changed) await tx.site.update({ where: { id }, data: item });
}

async function writePairings(writing: Writing): Promise<void> {
  const { tx, ids } = writing;
  const { created, changed } = splitUp(writing, "pairings");
  await tx.sitePairing.createMany({
    data: created.map(({ id, item }) => ({
      id,
      localSiteId: idOf(ids, "sites", keyOf(item.protectedSite)),
      remoteSiteId: idOf(ids, "sites", keyOf(item.recoverySite)),
      replicationHealth: "HEALTHY" as const,
    })),
  });
  for (const { id, item } of [...created, ...changed]) await writeComponents(tx, id, item);
}

/** Those that stay keep their ids and states. */
async function writeComponents(tx: Tx, pairingId: string, { arrayManagers, replicationServers }: PairingItem): Promise<void> {
  await tx.arrayManager.deleteMany({ where: { pairingId, name: { notIn: arrayManagers.map(({ name }) => name) } } });
  for (const { name, ...rest } of arrayManagers) {
    await tx.arrayManager.upsert({ where: { pairingId_name: { pairingId, name } }, create: { pairingId, name, ...rest }, update: rest });
  }
  await tx.replicationServer.deleteMany({ where: { pairingId, name: { notIn: replicationServers.map(({ name }) => name) } } });
  for (const { name, ...rest } of replicationServers) {
    await tx.replicationServer.upsert({
      where: { pairingId_name: { pairingId, name } },
      create: { pairingId, name, ...rest },
      update: rest,
    });
  }
}

async function writePlaces(writing: Writing): Promise<void> {
  const { tx, ids, file } = writing;
  const placed = <I extends { readonly site: string }>({ site, ...item }: I) => ({ ...item, siteId: idOf(ids, "sites", keyOf(site)) });
  const free = new Map(
    file.sites.flatMap((site) => site.datastores.map(({ name, freeBytes }) => [keyOf(site.name, name), freeBytes] as const)),
  );
  const datastores = splitUp(writing, "datastores");
  await tx.datastore.createMany({
    data: datastores.created.map(({ id, key, item }) => ({ id, ...placed(item), freeBytes: free.get(key) ?? 0 })),
  });
  for (const { id, item } of datastores.changed) await tx.datastore.update({ where: { id }, data: placed(item) });
  const networks = splitUp(writing, "networks");
  await tx.network.createMany({ data: networks.created.map(({ id, item }) => ({ id, ...placed(item) })) });
  for (const { id, item } of networks.changed) await tx.network.update({ where: { id }, data: placed(item) });
  const pools = splitUp(writing, "resourcePools");
  await tx.resourcePool.createMany({ data: pools.created.map(({ id, item }) => ({ id, ...placed(item) })) });
  for (const { id, item } of pools.changed) await tx.resourcePool.update({ where: { id }, data: placed(item) });
  const folders = splitUp(writing, "folders");
  await tx.folder.createMany({ data: folders.created.map(({ id, item }) => ({ id, ...placed(item) })) });
  for (const { id, item } of folders.changed) await tx.folder.update({ where: { id }, data: placed(item) });
}

async function writeVms(writing: Writing): Promise<void> {
  const { tx, ids, file } = writing;
  const power = new Map(
    file.sites.flatMap((site) => site.virtualMachines.map((vm) => [keyOf(site.name, vm.name), vm.powerState] as const)),
  );
  const rowOf = ({ site, nics: _, datastore, folder, resourcePool, ...item }: VmItem) => ({
    ...item,
    siteId: idOf(ids, "sites", keyOf(site)),
    datastoreId: datastore === null ? null : idOf(ids, "datastores", keyOf(site, datastore)),
    folderId: folder === null ? null : idOf(ids, "folders", keyOf(site, folder)),
    resourcePoolId: resourcePool === null ? null : idOf(ids, "resourcePools", keyOf(site, resourcePool)),
  });
  const nicsOf = (vmId: string, { site, nics }: VmItem) =>
    nics.map(({ network, macAddress, ipAddresses }, nicIndex) => ({
      id: newId(),
      vmId,
      nicIndex,
      networkId: network === null ? null : idOf(ids, "networks", keyOf(site, network)),
      macAddress,
      ipAddresses,
    }));
  const { created, changed } = splitUp(writing, "vms");
  await insertVms(
    tx,
    created.map(({ id, key, item }) => ({ id, ...rowOf(item), powerState: power.get(key) ?? "UNKNOWN" })),
  );
  for (const { id, item } of changed) await tx.virtualMachine.update({ where: { id }, data: rowOf(item) });
  await tx.vmNic.deleteMany({ where: { vmId: { in: changed.map(({ id }) => id) } } });
  await insertNics(
    tx,
    [...created, ...changed].flatMap(({ id, item }) => nicsOf(id, item)),
  );
}

async function writeMappings(writing: Writing): Promise<void> {
  const { created, changed } = splitUp(writing, "mappings");
  for (const { id, item } of created) await createMapping(writing, id, item);
  for (const { id, item } of changed) await changeMapping(writing, id, item);
}

const endsOf = ({ ids }: Writing, place: "networks" | "folders" | "resourcePools", item: MappingItem) => ({
  pairingId: idOf(ids, "pairings", pairKey(item.sourceSite, item.targetSite)),
  source: idOf(ids, place, keyOf(item.sourceSite, item.source)),
  target: idOf(ids, place, keyOf(item.targetSite, item.target)),
  testNetworkId: item.testNetwork === null ? null : idOf(ids, "networks", keyOf(item.targetSite, item.testNetwork)),
});

async function createMapping(writing: Writing, id: string, item: MappingItem): Promise<void> {
  const { tx } = writing;
  if (item.kind === "network") {
    const { pairingId, source, target, testNetworkId } = endsOf(writing, "networks", item);
    await tx.networkMapping.create({ data: { id, pairingId, sourceNetworkId: source, targetNetworkId: target, testNetworkId } });
  } else if (item.kind === "folder") {
    const { pairingId, source, target } = endsOf(writing, "folders", item);
    await tx.folderMapping.create({ data: { id, pairingId, sourceFolderId: source, targetFolderId: target } });
  } else {
    const { pairingId, source, target } = endsOf(writing, "resourcePools", item);
    await tx.resourceMapping.create({ data: { id, pairingId, sourceResourcePoolId: source, targetResourcePoolId: target } });
  }
}

async function changeMapping(writing: Writing, id: string, item: MappingItem): Promise<void> {
  const { tx } = writing;
  const version = { increment: 1 };
  if (item.kind === "network") {
    const { target, testNetworkId } = endsOf(writing, "networks", item);
    await tx.networkMapping.update({ where: { id }, data: { targetNetworkId: target, testNetworkId, version } });
  } else if (item.kind === "folder") {
    await tx.folderMapping.update({ where: { id }, data: { targetFolderId: endsOf(writing, "folders", item).target, version } });
  } else {
    await tx.resourceMapping.update({
      where: { id },
      data: { targetResourcePoolId: endsOf(writing, "resourcePools", item).target, version },
    });
  }
}
