/** Setting inventory mappings: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { checkId, fieldErrors } from "../field-errors.ts";
import type { NodeType } from "../ids.ts";
import { actor, expectedVersion, keyField, written } from "../mutation-parts.ts";
import type { SetMapping } from "./mapping-set.ts";
import { FolderMappingRef, NetworkMappingRef, ResourceMappingRef } from "./types-mappings.ts";

const version = { description: `${expectedVersion.description} 0: the source has no mapping yet.` } as const;
const reverse = {
  description: "Also the other way round, for the way back; that mapping's test network stays. False by default.",
} as const;

const SetNetworkMappingInput = builder.inputType("SetNetworkMappingInput", {
  description: "The network that stands for another one at the other site of a pair. (Reference: network_mappings.)",
  fields: (t) => ({
    sourceNetworkId: t.id({ required: true, description: "The network that is left." }),
    targetNetworkId: t.id({ required: true, description: "The network of a real recovery, at the other site of a pair." }),
    testNetworkId: t.id({
      description: "The network of a test, at the target's site; null: each test makes an isolated one of its own. Left out: as it is.",
    }),
    reverse: t.boolean(reverse),
    expectedVersion: t.int(version),
    idempotencyKey: t.string(keyField),
  }),
});

const SetFolderMappingInput = builder.inputType("SetFolderMappingInput", {
  description: "The folder that stands for another one at the other site of a pair. (Reference: folder_mappings.)",
  fields: (t) => ({
    sourceFolderId: t.id({ required: true, description: "The folder that is left." }),
    targetFolderId: t.id({ required: true, description: "The folder at the other site of a pair." }),
    reverse: t.boolean(reverse),
    expectedVersion: t.int(version),
    idempotencyKey: t.string(keyField),
  }),
});

const SetResourceMappingInput = builder.inputType("SetResourceMappingInput", {
  description: "The resource pool that stands for another one at the other site of a pair. (Reference: resource_mappings.)",
  fields: (t) => ({
    sourceResourcePoolId: t.id({ required: true, description: "The resource pool that is left." }),
    targetResourcePoolId: t.id({ required: true, description: "The resource pool at the other site of a pair." }),
    reverse: t.boolean(reverse),
    expectedVersion: t.int(version),
    idempotencyKey: t.string(keyField),
  }),
});

const isSet = "The mapping is set; it counts from the next run on.";
const itself = "The mapping as it is now.";
const otherWay = "The mapping the other way round; null: it was not asked for.";

const SetNetworkMappingPayload = builder.objectRef<SetMapping>("SetNetworkMappingPayload").implement({
  description: isSet,
  fields: (t) => ({
    networkMapping: t.field({
      type: NetworkMappingRef,
      description: itself,
      resolve: ({ mappingId }, _args, { loaders }) => written(loaders.networkMapping.load(mappingId)),
    }),
    reverseNetworkMapping: t.field({
      type: NetworkMappingRef,
      nullable: true,
      description: otherWay,
      resolve: ({ reverseMappingId: id }, _args, { loaders }) => (id === "" ? null : loaders.networkMapping.load(id)),
    }),
  }),
});

const SetFolderMappingPayload = builder.objectRef<SetMapping>("SetFolderMappingPayload").implement({
  description: isSet,
  fields: (t) => ({
    folderMapping: t.field({
      type: FolderMappingRef,
      description: itself,
      resolve: ({ mappingId }, _args, { loaders }) => written(loaders.folderMapping.load(mappingId)),
    }),
    reverseFolderMapping: t.field({
      type: FolderMappingRef,
      nullable: true,
      description: otherWay,
      resolve: ({ reverseMappingId: id }, _args, { loaders }) => (id === "" ? null : loaders.folderMapping.load(id)),
    }),
  }),
});

const SetResourceMappingPayload = builder.objectRef<SetMapping>("SetResourceMappingPayload").implement({
  description: isSet,
  fields: (t) => ({
    resourceMapping: t.field({
      type: ResourceMappingRef,
      description: itself,
      resolve: ({ mappingId }, _args, { loaders }) => written(loaders.resourceMapping.load(mappingId)),
    }),
    reverseResourceMapping: t.field({
      type: ResourceMappingRef,
      nullable: true,
      description: otherWay,
      resolve: ({ reverseMappingId: id }, _args, { loaders }) => (id === "" ? null : loaders.resourceMapping.load(id)),
    }),
  }),
});

const common = { nullable: true, authScopes: { role: "EDITOR" }, errors: {} } as const;
const setting =
  "Made where its source has none in this direction of the pair, else changed; it counts from the next run on. INVALID_REQUEST for two ends at one site, or at sites that are not paired; CONFLICT for another version than the expected one.";

/** The database's ids, in the fields' order; names every field whose id is none of the type's. */
function idsIn(type: NodeType, fields: Readonly<Record<string, string>>): string[] {
  const errors = fieldErrors();
  const found = Object.entries(fields).map(([field, id]) => checkId(errors, [field], type, id));
  errors.check();
  return found;
}

builder.mutationFields((t) => ({
  setNetworkMapping: t.field({
    type: SetNetworkMappingPayload,
    ...common,
    description: `Sets the inventory's mapping of a network. ${setting}`,
    args: { input: t.arg({ type: SetNetworkMappingInput, required: true, description: "The mapping." }) },
    resolve: (_root, { input: { sourceNetworkId, targetNetworkId, testNetworkId, ...rest } }, context) => {
      const hasTest = typeof testNetworkId === "string";
      const [sourceId = "", targetId = "", test = null] = idsIn("Network", {
        sourceNetworkId,
        targetNetworkId,
        ...(hasTest ? { testNetworkId } : {}),
      });
      const input = { ...rest, sourceId, targetId, testNetworkId: hasTest ? test : testNetworkId };
      return context.services.inventory.setMapping(actor(context), "network", input);
    },
  }),
  setFolderMapping: t.field({
    type: SetFolderMappingPayload,
    ...common,
    description: `Sets the inventory's mapping of a folder. ${setting}`,
    args: { input: t.arg({ type: SetFolderMappingInput, required: true, description: "The mapping." }) },
    resolve: (_root, { input: { sourceFolderId, targetFolderId, ...rest } }, context) => {
      const [sourceId = "", targetId = ""] = idsIn("Folder", { sourceFolderId, targetFolderId });
      return context.services.inventory.setMapping(actor(context), "folder", { ...rest, sourceId, targetId });
    },
  }),
  setResourceMapping: t.field({
    type: SetResourceMappingPayload,
    ...common,
    description: `Sets the inventory's mapping of a resource pool. ${setting}`,
    args: { input: t.arg({ type: SetResourceMappingInput, required: true, description: "The mapping." }) },
    resolve: (_root, { input: { sourceResourcePoolId, targetResourcePoolId, ...rest } }, context) => {
      const [sourceId = "", targetId = ""] = idsIn("ResourcePool", { sourceResourcePoolId, targetResourcePoolId });
      return context.services.inventory.setMapping(actor(context), "resource", { ...rest, sourceId, targetId });
    },
  }),
}));
