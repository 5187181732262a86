/** Deleting inventory mappings: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { encodeId, idOf, type NodeType } from "../ids.ts";
import { actor, expectedVersion, keyField } from "../mutation-parts.ts";
import { SitePairingRef } from "../sites/types.ts";
import type { DeletedMapping } from "./mapping-delete.ts";

const whose = { required: true, description: "The mapping." } as const;
const whichOne = "Which mapping to delete.";

const DeleteNetworkMappingInput = builder.inputType("DeleteNetworkMappingInput", {
  description: whichOne,
  fields: (t) => ({ networkMappingId: t.id(whose), expectedVersion: t.int(expectedVersion), idempotencyKey: t.string(keyField) }),
});
const DeleteFolderMappingInput = builder.inputType("DeleteFolderMappingInput", {
  description: whichOne,
  fields: (t) => ({ folderMappingId: t.id(whose), expectedVersion: t.int(expectedVersion), idempotencyKey: t.string(keyField) }),
});
const DeleteResourceMappingInput = builder.inputType("DeleteResourceMappingInput", {
  description: whichOne,
  fields: (t) => ({ resourceMappingId: t.id(whose), expectedVersion: t.int(expectedVersion), idempotencyKey: t.string(keyField) }),
});

const deletedPayload = (node: NodeType) =>
  builder.objectRef<DeletedMapping>(`Delete${node}Payload`).implement({
    description: "The mapping is no longer there; runs that have begun keep what they were started with.",
    fields: (t) => ({
      deletedId: t.id({ description: "Global id that the mapping had.", resolve: ({ mappingId }) => encodeId(node, mappingId) }),
      pairing: t.field({
        type: SitePairingRef,
        nullable: true,
        description: "The pair that it belonged to.",
        resolve: ({ pairingId }, _args, { loaders }) => loaders.pairing.load(pairingId),
      }),
    }),
  });

const DeleteNetworkMappingPayload = deletedPayload("NetworkMapping");
const DeleteFolderMappingPayload = deletedPayload("FolderMapping");
const DeleteResourceMappingPayload = deletedPayload("ResourceMapping");

const common = { nullable: true, authScopes: { role: "EDITOR" }, errors: {} } as const;
const deleting =
  "A VM that needs it can then not be recovered until there is another; runs that have begun keep what they were started with. CONFLICT for another version than the expected one.";

builder.mutationFields((t) => ({
  deleteNetworkMapping: t.field({
    type: DeleteNetworkMappingPayload,
    ...common,
    description: `Deletes the inventory's mapping of a network. ${deleting}`,
    args: { input: t.arg({ type: DeleteNetworkMappingInput, required: true, description: "Which mapping." }) },
    resolve: (_root, { input: { networkMappingId, ...rest } }, context) =>
      context.services.inventory.deleteMapping(actor(context), "network", {
        ...rest,
        mappingId: idOf("NetworkMapping", networkMappingId, ["networkMappingId"]),
      }),
  }),
  deleteFolderMapping: t.field({
    type: DeleteFolderMappingPayload,
    ...common,
    description: `Deletes the inventory's mapping of a folder. ${deleting}`,
    args: { input: t.arg({ type: DeleteFolderMappingInput, required: true, description: "Which mapping." }) },
    resolve: (_root, { input: { folderMappingId, ...rest } }, context) =>
      context.services.inventory.deleteMapping(actor(context), "folder", {
        ...rest,
        mappingId: idOf("FolderMapping", folderMappingId, ["folderMappingId"]),
      }),
  }),
  deleteResourceMapping: t.field({
    type: DeleteResourceMappingPayload,
    ...common,
    description: `Deletes the inventory's mapping of a resource pool. ${deleting}`,
    args: { input: t.arg({ type: DeleteResourceMappingInput, required: true, description: "Which mapping." }) },
    resolve: (_root, { input: { resourceMappingId, ...rest } }, context) =>
      context.services.inventory.deleteMapping(actor(context), "resource", {
        ...rest,
        mappingId: idOf("ResourceMapping", resourceMappingId, ["resourceMappingId"]),
      }),
  }),
}));
