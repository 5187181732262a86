/** What the database has, in the shape of items, and the ids behind the names. */
import type { Prisma } from "../database/generated/client.ts";
import { currentPlans, currentSettings } from "./current-plans.ts";
import { byName, emptyModel, type Kind, keyOf, type Model, pairKey } from "./items.ts";

/** Database ids by kind and key. */
export type Ids = Readonly<Record<Kind, Map<string, string>>>;

export interface Current {
  readonly model: Model;
  readonly ids: Ids;
}

export const noIds = (): Ids => ({
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

export type Tx = Prisma.TransactionClient;

export async function readCurrent(tx: Tx): Promise<Current> {
  const current: Current = { model: emptyModel(), ids: noIds() };
  await readSites(tx, current);
  await readInventory(tx, current);
  await readVms(tx, current);
  await readMappings(tx, current);
  await readGroups(tx, current);
  await currentPlans(tx, current);
  await currentSettings(tx, current);
  return current;
}

async function readSites(tx: Tx, { model, ids }: Current): Promise<void> {
  for (const {
    id,
    name,
    type,
    provider,
    externalId,
    vcenterServer,
    vcenterVersion,
    srmServer,
    srmVersion,
    datacenter,
  } of await tx.site.findMany()) {
    ids.sites.set(keyOf(name), id);
    model.sites.set(keyOf(name), { name, type, provider, externalId, vcenterServer, vcenterVersion, srmServer, srmVersion, datacenter });
  }
  const pairs = await tx.sitePairing.findMany({
    include: { localSite: true, remoteSite: true, arrayManagers: true, replicationServers: true },
  });
  for (const { id, localSite, remoteSite, arrayManagers, replicationServers } of pairs) {
    const key = pairKey(localSite.name, remoteSite.name);
    ids.pairings.set(key, id);
    model.pairings.set(key, {
      protectedSite: localSite.name,
      recoverySite: remoteSite.name,
      arrayManagers: arrayManagers
        .map(({ name, type, replicatedDevices }) => ({ name, type, replicatedDevices }))
        .sort((a, b) => byName(a.name, b.name)),
      replicationServers: replicationServers
        .map(({ name, replicatedVms }) => ({ name, replicatedVms }))
        .sort((a, b) => byName(a.name, b.name)),
    });
  }
}

const siteName = { site: { select: { name: true } } } as const;

async function readInventory(tx: Tx, { model, ids }: Current): Promise<void> {
  for (const { id, site, name, type, capacityBytes, arrayManager, replicatedDeviceId } of await tx.datastore.findMany({
    include: siteName,
  })) {
    const key = keyOf(site.name, name);
    ids.datastores.set(key, id);
    model.datastores.set(key, { site: site.name, name, type, capacityBytes: Number(capacityBytes), arrayManager, replicatedDeviceId });
  }
  for (const { id, site, name, type, vlanId } of await tx.network.findMany({ include: siteName })) {
    ids.networks.set(keyOf(site.name, name), id);
    model.networks.set(keyOf(site.name, name), { site: site.name, name, type, vlanId });
  }
  for (const { id, site, siteId: _, ...pool } of await tx.resourcePool.findMany({ include: siteName })) {
    ids.resourcePools.set(keyOf(site.name, pool.name), id);
    model.resourcePools.set(keyOf(site.name, pool.name), { site: site.name, ...pool });
  }
  for (const { id, site, path, name } of await tx.folder.findMany({ include: siteName })) {
    ids.folders.set(keyOf(site.name, path), id);
    model.folders.set(keyOf(site.name, path), { site: site.name, path, name });
  }
}

async function readVms(tx: Tx, { model, ids }: Current): Promise<void> {
  const rows = await tx.virtualMachine.findMany({
    include: {
      ...siteName,
      datastore: { select: { name: true } },
      folder: { select: { path: true } },
      resourcePool: { select: { name: true } },
      nics: { orderBy: { nicIndex: "asc" }, include: { network: { select: { name: true } } } },
    },
  });
  for (const { id, site, name, externalId, guestOs, cpuCount, memoryMb, diskBytes, cluster, host, ...row } of rows) {
    const key = keyOf(site.name, name);
    ids.vms.set(key, id);
    model.vms.set(key, {
      site: site.name,
      name,
      externalId,
      guestOs,
      cpuCount,
      memoryMb,
      diskBytes: Number(diskBytes),
      cluster,
      host,
      datastore: row.datastore?.name ?? null,
      folder: row.folder?.path ?? null,
      resourcePool: row.resourcePool?.name ?? null,
      nics: row.nics.map(({ network, macAddress, ipAddresses }) => ({ network: network?.name ?? null, macAddress, ipAddresses })),
    });
  }
}

async function readMappings(tx: Tx, { model, ids }: Current): Promise<void> {
  const place = { select: { name: true, site: { select: { name: true } } } } as const;
  const add = (id: string, kind: "network" | "folder" | "resource", source: Placed, target: Placed, testNetwork: string | null) => {
    const item = {
      kind,
      sourceSite: source.site.name,
      targetSite: target.site.name,
      source: source.name,
      target: target.name,
      testNetwork,
    };
    const key = keyOf(kind, item.sourceSite, item.targetSite, item.source);
    ids.mappings.set(key, id);
    model.mappings.set(key, item);
  };
  const networks = await tx.networkMapping.findMany({ include: { sourceNetwork: place, targetNetwork: place, testNetwork: place } });
  for (const { id, sourceNetwork, targetNetwork, testNetwork } of networks) {
    add(id, "network", sourceNetwork, targetNetwork, testNetwork?.name ?? null);
  }
  const byPath = { select: { path: true, site: { select: { name: true } } } } as const;
  for (const { id, sourceFolder, targetFolder } of await tx.folderMapping.findMany({
    include: { sourceFolder: byPath, targetFolder: byPath },
  })) {
    add(id, "folder", { ...sourceFolder, name: sourceFolder.path }, { ...targetFolder, name: targetFolder.path }, null);
  }
  for (const { id, sourcePool, targetPool } of await tx.resourceMapping.findMany({ include: { sourcePool: place, targetPool: place } })) {
    add(id, "resource", sourcePool, targetPool, null);
  }
}

interface Placed {
  readonly name: string;
  readonly site: { readonly name: string };
}

async function readGroups(tx: Tx, { model, ids }: Current): Promise<void> {
  const named = { select: { name: true } } as const;
  const rows = await tx.protectionGroup.findMany({
    include: {
      protectedSite: named,
      recoverySite: named,
      storageGroups: { orderBy: { id: "asc" }, include: { targetDatastore: named, sources: { include: { datastore: named } } } },
      members: { include: { vm: named } },
    },
  });
  for (const {
    id,
    name,
    description,
    type,
    replicationType,
    externalId,
    rpoMinutes,
    pointInTimeInstances,
    consistencyGroups,
    ...row
  } of rows) {
    ids.groups.set(keyOf(name), id);
    model.groups.set(keyOf(name), {
      name,
      description,
      type,
      replicationType,
      protectedSite: row.protectedSite.name,
      recoverySite: row.recoverySite.name,
      externalId,
      rpoMinutes,
      pointInTimeInstances,
      consistencyGroups,
      snapshotIntervalMinutes: row.snapshotIntervalMinutes,
      snapshotRetention: row.snapshotRetention,
      storageGroups: row.storageGroups.map(({ sources, targetDatastore }) => ({
        sources: sources.map(({ datastore }) => datastore.name).sort(byName),
        target: targetDatastore.name,
      })),
      virtualMachines: row.members.map(({ vm }) => vm.name).sort(byName),
    });
  }
}
