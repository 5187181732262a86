/** The inventory's mappings of all pairs, as one object with a list for each kind. (Reference: Get Inventory Mappings.) */
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { checkId, fieldErrors } from "../field-errors.ts";
import type { MappingFilter } from "./loaders-mappings.ts";
import { FolderMappingRef, NetworkMappingRef, ResourceMappingRef } from "./types-mappings.ts";

const MappingOrderField = builder.enumType("MappingOrderField", {
  description: "What mappings are sorted by.",
  values: {
    SOURCE_NAME: { description: "Name of the source, a folder's path, without regard to case." },
    TARGET_NAME: { description: "Name of the target, a folder's path, without regard to case." },
  } as const,
});

const MappingOrder = builder.inputType("MappingOrder", {
  description: "How mappings are sorted.",
  fields: (t) => ({
    field: t.field({ type: MappingOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const InventoryMappingFilter = builder.inputType("InventoryMappingFilter", {
  description: "Which mappings, of each kind; everything that is given must hold.",
  fields: (t) => ({
    pairingId: t.id({ description: "Only of this pair." }),
    siteId: t.id({ description: "Only from or to this site." }),
    sourceSiteId: t.id({ description: "Only from this site: one direction." }),
    name: t.string({ description: "Part of the source's or the target's name (a folder's path), without regard to case." }),
  }),
});

const NetworkMappingConnection = builder.connectionObject(
  { type: NetworkMappingRef, name: "NetworkMappingConnection", description: "A page of network mappings." },
  { name: "NetworkMappingEdge", description: "A network mapping in a page." },
);
const FolderMappingConnection = builder.connectionObject(
  { type: FolderMappingRef, name: "FolderMappingConnection", description: "A page of folder mappings." },
  { name: "FolderMappingEdge", description: "A folder mapping in a page." },
);
const ResourceMappingConnection = builder.connectionObject(
  { type: ResourceMappingRef, name: "ResourceMappingConnection", description: "A page of resource mappings." },
  { name: "ResourceMappingEdge", description: "A resource mapping in a page." },
);

const InventoryMappings = builder.objectRef<{ readonly filter: MappingFilter }>("InventoryMappings").implement({
  description: "What at one site of a pair stands for what at the other, kind by kind. (Reference: Get Inventory Mappings.)",
  fields: (t) => {
    const args = { ...t.arg.connectionArgs(), orderBy: t.arg({ type: MappingOrder, description: "By the source's name by default." }) };
    return {
      networkMappings: t.field({
        type: NetworkMappingConnection,
        description: "Networks. (Reference: network_mappings.)",
        args,
        resolve: ({ filter }, request, { loaders }) =>
          loaders.networkMappingList.nodes(null, { ...request, filter }, loaders.networkMapping),
      }),
      folderMappings: t.field({
        type: FolderMappingConnection,
        description: "Folders. (Reference: folder_mappings.)",
        args,
        resolve: ({ filter }, request, { loaders }) => loaders.folderMappingList.nodes(null, { ...request, filter }, loaders.folderMapping),
      }),
      resourceMappings: t.field({
        type: ResourceMappingConnection,
        description: "Resource pools. (Reference: resource_mappings.)",
        args,
        resolve: ({ filter }, request, { loaders }) =>
          loaders.resourceMappingList.nodes(null, { ...request, filter }, loaders.resourceMapping),
      }),
    };
  },
});

/** The filter with ids as the database has them. */
function withIds({ name, ...ids }: MappingFilter): MappingFilter {
  const errors = fieldErrors();
  const idIn = (field: keyof typeof ids, type: "Site" | "SitePairing") => {
    const given = ids[field];
    return given === null || given === undefined ? null : checkId(errors, ["filter", field], type, given);
  };
  const filter = {
    name,
    pairingId: idIn("pairingId", "SitePairing"),
    siteId: idIn("siteId", "Site"),
    sourceSiteId: idIn("sourceSiteId", "Site"),
  };
  errors.check();
  return filter;
}

builder.queryField("inventoryMappings", (t) =>
  t.field({
    type: InventoryMappings,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The inventory's mappings, in both directions of every pair. (Reference: Get Inventory Mappings.)",
    args: { filter: t.arg({ type: InventoryMappingFilter, description: "Which of them; all by default." }) },
    resolve: (_root, { filter }) => ({ filter: withIds(filter ?? {}) }),
  }),
);
