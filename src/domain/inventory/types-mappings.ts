/** What at the recovery site stands for what at the protected one. A mapping's direction is that of its two sides. (Reference: Get Inventory Mappings.) */
import type { FolderMapping, NetworkMapping, ResourceMapping } from "../../database/generated/client.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { SitePairingRef } from "../sites/types.ts";
import { FolderRef, NetworkRef, ResourcePoolRef } from "./types.ts";

export const NetworkMappingRef = builder.objectRef<Readonly<NetworkMapping>>("NetworkMapping");
export const FolderMappingRef = builder.objectRef<Readonly<FolderMapping>>("FolderMapping");
export const ResourceMappingRef = builder.objectRef<Readonly<ResourceMapping>>("ResourceMapping");

const pairing = {
  type: SitePairingRef,
  nullable: true,
  description: "The pair of sites that it belongs to.",
  resolve: ({ pairingId }: { readonly pairingId: string }, _args: object, { loaders }: Context) => loaders.pairing.load(pairingId),
} as const;

builder.node(NetworkMappingRef, {
  description: "The network that recovered VMs are connected to in place of another. (Reference: network_mappings.)",
  id: { resolve: ({ id }) => id, description: "Global id of the mapping." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.networkMapping.loadMany(ids)),
  fields: (t) => ({
    sourceNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "The network that is left.",
      resolve: ({ sourceNetworkId }, _args, { loaders }) => loaders.network.load(sourceNetworkId),
    }),
    targetNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "The network of a real recovery.",
      resolve: ({ targetNetworkId }, _args, { loaders }) => loaders.network.load(targetNetworkId),
    }),
    testNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "The network of a test; null: each test makes an isolated one of its own.",
      resolve: ({ testNetworkId }, _args, { loaders }) => (testNetworkId === null ? null : loaders.network.load(testNetworkId)),
    }),
    pairing: t.field(pairing),
    version: t.exposeInt("version", { description: "Rises with each change." }),
  }),
});

builder.node(FolderMappingRef, {
  description: "The folder that recovered VMs are put into in place of another. (Reference: folder_mappings.)",
  id: { resolve: ({ id }) => id, description: "Global id of the mapping." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.folderMapping.loadMany(ids)),
  fields: (t) => ({
    sourceFolder: t.field({
      type: FolderRef,
      nullable: true,
      description: "The folder that is left.",
      resolve: ({ sourceFolderId }, _args, { loaders }) => loaders.folder.load(sourceFolderId),
    }),
    targetFolder: t.field({
      type: FolderRef,
      nullable: true,
      description: "The folder at the other site.",
      resolve: ({ targetFolderId }, _args, { loaders }) => loaders.folder.load(targetFolderId),
    }),
    pairing: t.field(pairing),
    version: t.exposeInt("version", { description: "Rises with each change." }),
  }),
});

builder.node(ResourceMappingRef, {
  description: "The resource pool that recovered VMs run in, in place of another. (Reference: resource_mappings.)",
  id: { resolve: ({ id }) => id, description: "Global id of the mapping." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.resourceMapping.loadMany(ids)),
  fields: (t) => ({
    sourceResource: t.field({
      type: ResourcePoolRef,
      nullable: true,
      description: "The resource pool that is left.",
      resolve: ({ sourceResourcePoolId }, _args, { loaders }) => loaders.resourcePool.load(sourceResourcePoolId),
    }),
    targetResource: t.field({
      type: ResourcePoolRef,
      nullable: true,
      description: "The resource pool at the other site.",
      resolve: ({ targetResourcePoolId }, _args, { loaders }) => loaders.resourcePool.load(targetResourcePoolId),
    }),
    pairing: t.field(pairing),
    version: t.exposeInt("version", { description: "Rises with each change." }),
  }),
});

builder.objectFields(SitePairingRef, (t) => ({
  networkMappings: t.field({
    type: [NetworkMappingRef],
    description: "Networks in both directions.",
    resolve: ({ id }, _args, { loaders }) => loaders.networkMappingsOfPairing.load(id),
  }),
  folderMappings: t.field({
    type: [FolderMappingRef],
    description: "Folders in both directions.",
    resolve: ({ id }, _args, { loaders }) => loaders.folderMappingsOfPairing.load(id),
  }),
  resourceMappings: t.field({
    type: [ResourceMappingRef],
    description: "Resource pools in both directions.",
    resolve: ({ id }, _args, { loaders }) => loaders.resourceMappingsOfPairing.load(id),
  }),
}));
