import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idIfGiven } from "../ids.ts";
import { ReplicationState } from "../protection/types-enums.ts";
import { DatastoreRef, FolderRef, NetworkRef, ResourcePoolRef } from "./types.ts";

const InventoryOrderField = builder.enumType("InventoryOrderField", {
  description: "What inventories are sorted by.",
  values: { NAME: { description: "Name, without regard to case." } } as const,
});

const InventoryOrder = builder.inputType("InventoryOrder", {
  description: "How an inventory is sorted.",
  fields: (t) => ({
    field: t.field({ type: InventoryOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const InventoryFilter = builder.inputType("InventoryFilter", {
  description: "Which of an inventory; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    siteId: t.id({ description: "Only of this site." }),
  }),
});

const DatastoreFilter = builder.inputType("DatastoreFilter", {
  description: "Which datastores; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    siteId: t.id({ description: "Only of this site." }),
    replicationState: t.field({ type: ReplicationState, description: "Only those whose replication does so." }),
  }),
});

const DatastoreConnection = builder.connectionObject(
  { type: DatastoreRef, name: "DatastoreConnection", description: "A page of datastores." },
  { name: "DatastoreEdge", description: "A datastore in a page." },
);
const NetworkConnection = builder.connectionObject(
  { type: NetworkRef, name: "NetworkConnection", description: "A page of networks." },
  { name: "NetworkEdge", description: "A network in a page." },
);
const ResourcePoolConnection = builder.connectionObject(
  { type: ResourcePoolRef, name: "ResourcePoolConnection", description: "A page of resource pools." },
  { name: "ResourcePoolEdge", description: "A resource pool in a page." },
);
const FolderConnection = builder.connectionObject(
  { type: FolderRef, name: "FolderConnection", description: "A page of folders." },
  { name: "FolderEdge", description: "A folder in a page." },
);

/** The filter with its site's id as the database has it. */
function withSite<Filter extends { siteId?: string | null | undefined }>(filter: Filter | null | undefined): Filter | null {
  return filter ? { ...filter, siteId: idIfGiven("Site", filter.siteId, ["filter", "siteId"]) } : null;
}

builder.queryFields((t) => {
  const args = {
    ...t.arg.connectionArgs(),
    filter: t.arg({ type: InventoryFilter, description: "Which of them; all by default." }),
    orderBy: t.arg({ type: InventoryOrder, description: "How they are sorted; by name by default." }),
  };
  return {
    datastores: t.field({
      type: DatastoreConnection,
      nullable: true,
      authScopes: { role: "VIEWER" },
      description: "Datastores of all sites. (Reference: List Datastores.)",
      args: { ...args, filter: t.arg({ type: DatastoreFilter, description: "Which of them; all by default." }) },
      resolve: (_root, { filter, ...rest }, { loaders }) =>
        loaders.datastoreList.nodes(null, { ...rest, filter: withSite(filter) }, loaders.datastore),
    }),
    networks: t.field({
      type: NetworkConnection,
      nullable: true,
      authScopes: { role: "VIEWER" },
      description: "Networks of all sites. (Reference: List Networks.)",
      args,
      resolve: (_root, { filter, ...rest }, { loaders }) =>
        loaders.networkList.nodes(null, { ...rest, filter: withSite(filter) }, loaders.network),
    }),
    resourcePools: t.field({
      type: ResourcePoolConnection,
      nullable: true,
      authScopes: { role: "VIEWER" },
      description: "Resource pools of all sites. (Reference: List Resource Pools.)",
      args,
      resolve: (_root, { filter, ...rest }, { loaders }) =>
        loaders.resourcePoolList.nodes(null, { ...rest, filter: withSite(filter) }, loaders.resourcePool),
    }),
    folders: t.field({
      type: FolderConnection,
      nullable: true,
      authScopes: { role: "VIEWER" },
      description: "Folders of all sites. (Reference: List Folders.)",
      args,
      resolve: (_root, { filter, ...rest }, { loaders }) =>
        loaders.folderList.nodes(null, { ...rest, filter: withSite(filter) }, loaders.folder),
    }),
  };
});
