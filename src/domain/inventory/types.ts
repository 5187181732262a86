/** Datastores, networks, resource pools and folders of a site. (Reference: Inventory Management.) */
import type { Datastore, Folder, Network, ResourcePool } from "../../database/generated/client.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { FaultRef, fault } from "../faults.ts";
import { ReplicationState } from "../protection/types-enums.ts";
import { ProtectionGroupRef } from "../protection/types-refs.ts";
import { SiteRef } from "../sites/types.ts";
import { DatastoreType, FolderType, NetworkType } from "./types-enums.ts";

export const DatastoreRef = builder.objectRef<Readonly<Datastore>>("Datastore");
export const NetworkRef = builder.objectRef<Readonly<Network>>("Network");
export const ResourcePoolRef = builder.objectRef<Readonly<ResourcePool>>("ResourcePool");
export const FolderRef = builder.objectRef<Readonly<Folder>>("Folder");

interface Place {
  readonly name: string;
  readonly missingSince: Date | null;
}

const missingSince = {
  type: "DateTime",
  nullable: true,
  description: "Since when its site no longer lists it; it is kept while something refers to it. Null: it is there.",
} as const;

const placeFault = {
  type: FaultRef,
  nullable: true,
  description: "That its site no longer lists it; null: nothing is wrong.",
  resolve: ({ name, missingSince: since }: Place) =>
    since === null ? null : fault("INVENTORY_MISSING", `${name} is no longer listed at its site.`, since),
} as const;

builder.node(DatastoreRef, {
  description: "Storage of a site that holds the disks of VMs. (Reference: List Datastores.)",
  id: { resolve: ({ id }) => id, description: "Global id of the datastore (reference: datastore_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.datastore.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique at its site without regard to case." }),
    type: t.expose("type", { type: DatastoreType, description: "What kind of storage it is." }),
    capacityBytes: t.expose("capacityBytes", { type: "ByteCount", description: "How much it holds, in bytes." }),
    freeBytes: t.expose("freeBytes", { type: "ByteCount", description: "How much of it is free, in bytes." }),
    replicationState: t.expose("replicationState", { type: ReplicationState, description: "How its replication does." }),
    arrayManager: t.exposeString("arrayManager", {
      nullable: true,
      description: "Name of the array manager that replicates it, if one does.",
    }),
    replicatedDeviceId: t.exposeString("replicatedDeviceId", { nullable: true, description: "The array's own name for the device." }),
    missingSince: t.expose("missingSince", missingSince),
    fault: t.field(placeFault),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it belongs to.",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The protection group that replicates it; null when none does (reference: protection_group_id).",
      resolve: async ({ id }, _args, { loaders }) => {
        const source = await loaders.groupOfDatastore.load(id);
        return source && loaders.group.load(source.groupId);
      },
    }),
  }),
});

builder.node(NetworkRef, {
  description: "A network of a site. (Reference: List Networks.)",
  id: { resolve: ({ id }) => id, description: "Global id of the network (reference: network_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.network.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique at its site without regard to case." }),
    type: t.expose("type", { type: NetworkType, description: "What kind of network it is." }),
    vlanId: t.exposeInt("vlanId", { nullable: true, description: "Its VLAN, 1 to 4094; null without one." }),
    missingSince: t.expose("missingSince", missingSince),
    fault: t.field(placeFault),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it belongs to (reference: site_id).",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
  }),
});

builder.node(ResourcePoolRef, {
  description: "A share of a cluster's computing power. (Reference: List Resource Pools.)",
  id: { resolve: ({ id }) => id, description: "Global id of the resource pool." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.resourcePool.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique at its site without regard to case." }),
    cluster: t.exposeString("cluster", { description: "Name of the cluster that it is a share of." }),
    cpuLimitMhz: t.exposeInt("cpuLimitMhz", { nullable: true, description: "At most so many MHz; null: unlimited." }),
    cpuReservationMhz: t.exposeInt("cpuReservationMhz", { nullable: true, description: "So many MHz are kept for it." }),
    memoryLimitMb: t.exposeInt("memoryLimitMb", { nullable: true, description: "At most so many MiB; null: unlimited." }),
    memoryReservationMb: t.exposeInt("memoryReservationMb", { nullable: true, description: "So many MiB are kept for it." }),
    vmCount: t.int({
      description: "How many VMs are in it.",
      resolve: ({ id }, _args, { loaders }) => loaders.vmCountOfPool.load(id),
    }),
    missingSince: t.expose("missingSince", missingSince),
    fault: t.field(placeFault),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it belongs to (reference: site_id).",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
  }),
});

builder.node(FolderRef, {
  description: "A folder of a site's inventory. (Reference: List Folders.)",
  id: { resolve: ({ id }) => id, description: "Global id of the folder (reference: folder_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.folder.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name." }),
    path: t.exposeString("path", { description: 'The way to it from the top, such as "/DC-Primary/vm/Production-VMs".' }),
    type: t.expose("type", { type: FolderType, description: "What it holds." }),
    missingSince: t.expose("missingSince", missingSince),
    fault: t.field(placeFault),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it belongs to (reference: site_id).",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
  }),
});
