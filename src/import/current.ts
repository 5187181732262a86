/** What the database has, in the shape of items, and the ids behind the names. */
import { currentPlans, currentSettings } from "./current-plans.ts";
import { finder, lister, type Rows, readRows, type Tx } from "./current-rows.ts";
import { byName, emptyModel, type Kind, keyOf, type MappingItem, type Model, pairKey } from "./items.ts";

/** Database ids by kind and key. */
export type Ids = Readonly<Record<Kind, Map<string, string>>>;

export interface Current {
  readonly model: Model;
  readonly ids: Ids;
}

const noIds = (): Ids => ({
  sites: new Map(),
  pairings: new Map(),
  datastores: new Map(),
  networks: new Map(),
  resourcePools: new Map(),
  folders: new Map(),
  vms: new Map(),
  mappings: new Map(),
  groups: new Map(),
  plans: new Map(),
  settings: new Map(),
});

export async function readCurrent(tx: Tx): Promise<Current> {
  const rows = await readRows(tx);
  const current: Current = { model: emptyModel(), ids: noIds() };
  addSites(rows, current);
  addInventory(rows, current);
  addVms(rows, current);
  addMappings(rows, current);
  addGroups(rows, current);
  currentPlans(rows, current);
  currentSettings(rows, current);
  return current;
}

function addSites(rows: Rows, { model, ids }: Current): void {
  for (const { id, name, type, provider, externalId, vcenterServer, vcenterVersion, srmServer, srmVersion, datacenter } of rows.sites) {
    ids.sites.set(keyOf(name), id);
    model.sites.set(keyOf(name), { name, type, provider, externalId, vcenterServer, vcenterVersion, srmServer, srmVersion, datacenter });
  }
  const site = finder(rows.sites);
  const managers = lister(rows.arrayManagers, ({ pairingId }) => pairingId);
  const servers = lister(rows.replicationServers, ({ pairingId }) => pairingId);
  for (const { id, localSiteId, remoteSiteId } of rows.pairings) {
    const protectedSite = site(localSiteId).name;
    const recoverySite = site(remoteSiteId).name;
    ids.pairings.set(pairKey(protectedSite, recoverySite), id);
    model.pairings.set(pairKey(protectedSite, recoverySite), {
      protectedSite,
      recoverySite,
      arrayManagers: managers(id)
        .map(({ name, type, replicatedDevices }) => ({ name, type, replicatedDevices }))
        .sort((a, b) => byName(a.name, b.name)),
      replicationServers: servers(id)
        .map(({ name, replicatedVms }) => ({ name, replicatedVms }))
        .sort((a, b) => byName(a.name, b.name)),
    });
  }
}

function addInventory(rows: Rows, { model, ids }: Current): void {
  const siteOf = finder(rows.sites);
  for (const { id, siteId, name, type, capacityBytes, arrayManager, replicatedDeviceId } of rows.datastores) {
    const site = siteOf(siteId).name;
    ids.datastores.set(keyOf(site, name), id);
    model.datastores.set(keyOf(site, name), { site, name, type, capacityBytes: Number(capacityBytes), arrayManager, replicatedDeviceId });
  }
  for (const { id, siteId, name, type, vlanId } of rows.networks) {
    const site = siteOf(siteId).name;
    ids.networks.set(keyOf(site, name), id);
    model.networks.set(keyOf(site, name), { site, name, type, vlanId });
  }
  for (const { id, siteId, missingSince: _, ...pool } of rows.resourcePools) {
    const site = siteOf(siteId).name;
    ids.resourcePools.set(keyOf(site, pool.name), id);
    model.resourcePools.set(keyOf(site, pool.name), { site, ...pool });
  }
  for (const { id, siteId, path, name } of rows.folders) {
    const site = siteOf(siteId).name;
    ids.folders.set(keyOf(site, path), id);
    model.folders.set(keyOf(site, path), { site, path, name });
  }
}

function addVms(rows: Rows, { model, ids }: Current): void {
  const site = finder(rows.sites);
  const datastore = finder(rows.datastores);
  const folder = finder(rows.folders);
  const pool = finder(rows.resourcePools);
  const network = finder(rows.networks);
  const nics = lister(rows.nics, ({ vmId }) => vmId);
  for (const { id, siteId, name, externalId, guestOs, cpuCount, memoryMb, diskBytes, cluster, host, ...row } of rows.vms) {
    const key = keyOf(site(siteId).name, name);
    ids.vms.set(key, id);
    model.vms.set(key, {
      site: site(siteId).name,
      name,
      externalId,
      guestOs,
      cpuCount,
      memoryMb,
      diskBytes: Number(diskBytes),
      cluster,
      host,
      datastore: row.datastoreId && datastore(row.datastoreId).name,
      folder: row.folderId && folder(row.folderId).path,
      resourcePool: row.resourcePoolId && pool(row.resourcePoolId).name,
      nics: nics(id).map(({ networkId, macAddress, ipAddresses }) => ({
        network: networkId && network(networkId).name,
        macAddress,
        ipAddresses,
      })),
    });
  }
}

function addMappings(rows: Rows, { model, ids }: Current): void {
  const site = finder(rows.sites);
  const network = finder(rows.networks);
  const folder = finder(rows.folders);
  const pool = finder(rows.resourcePools);
  const add = (id: string, kind: MappingItem["kind"], source: Placed, target: Placed, testNetwork: string | null) => {
    const item = {
      kind,
      sourceSite: site(source.siteId).name,
      targetSite: site(target.siteId).name,
      source: source.name,
      target: target.name,
      testNetwork,
    };
    const key = keyOf(kind, item.sourceSite, item.targetSite, item.source);
    ids.mappings.set(key, id);
    model.mappings.set(key, item);
  };
  for (const { id, sourceNetworkId, targetNetworkId, testNetworkId } of rows.networkMappings) {
    add(id, "network", network(sourceNetworkId), network(targetNetworkId), testNetworkId && network(testNetworkId).name);
  }
  const byPath = (id: string) => ({ siteId: folder(id).siteId, name: folder(id).path });
  for (const { id, sourceFolderId, targetFolderId } of rows.folderMappings)
    add(id, "folder", byPath(sourceFolderId), byPath(targetFolderId), null);
  for (const { id, sourceResourcePoolId, targetResourcePoolId } of rows.resourceMappings) {
    add(id, "resource", pool(sourceResourcePoolId), pool(targetResourcePoolId), null);
  }
}

interface Placed {
  readonly siteId: string;
  readonly name: string;
}

function addGroups(rows: Rows, { model, ids }: Current): void {
  const site = finder(rows.sites);
  const vm = finder(rows.vms);
  const datastore = finder(rows.datastores);
  const storage = lister(rows.storageGroups, ({ groupId }) => groupId);
  const sources = lister(rows.storageSources, ({ storageGroupId }) => storageGroupId);
  const members = lister(rows.members, ({ groupId }) => groupId);
  for (const row of rows.groups) {
    const { id, name, description, type, replicationType, externalId, rpoMinutes, pointInTimeInstances, consistencyGroups } = row;
    ids.groups.set(keyOf(name), id);
    model.groups.set(keyOf(name), {
      name,
      description,
      type,
      replicationType,
      protectedSite: site(row.protectedSiteId).name,
      recoverySite: site(row.recoverySiteId).name,
      externalId,
      rpoMinutes,
      pointInTimeInstances,
      consistencyGroups,
      snapshotIntervalMinutes: row.snapshotIntervalMinutes,
      snapshotRetention: row.snapshotRetention,
      storageGroups: storage(id).map((group) => ({
        sources: sources(group.id)
          .map(({ datastoreId }) => datastore(datastoreId).name)
          .sort(byName),
        target: datastore(group.targetDatastoreId).name,
      })),
      virtualMachines: members(id)
        .map(({ vmId }) => vm(vmId).name)
        .sort(byName),
    });
  }
}
