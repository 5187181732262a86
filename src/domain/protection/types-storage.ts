/** Storage groups: which datastores of a group go where. (Reference: storage_groups.) */
import { builder } from "../builder.ts";
import { DatastoreRef } from "../inventory/types.ts";
import type { StorageGroupRow } from "./loaders-storage.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

const StorageGroup = builder.objectRef<StorageGroupRow>("StorageGroup").implement({
  description: "Datastores whose data goes to one datastore at the recovery site. (Reference: storage_groups.)",
  fields: (t) => ({
    sourceDatastores: t.field({
      type: [DatastoreRef],
      description: "The replicated datastores at the protected site, by name (reference: source_storage).",
      resolve: async ({ sourceIds }, _args, { loaders }) => {
        const found = await Promise.all(sourceIds.map((id) => loaders.datastore.load(id)));
        return found.filter((row) => row !== null);
      },
    }),
    targetDatastore: t.field({
      type: DatastoreRef,
      nullable: true,
      description: "Where their data goes (reference: target_storage).",
      resolve: ({ targetId }, _args, { loaders }) => loaders.datastore.load(targetId),
    }),
  }),
});

builder.objectField(ProtectionGroupRef, "storageGroups", (t) =>
  t.field({
    type: [StorageGroup],
    description: "Its storage groups, by the name of their first datastore; empty for a group that replicates VMs one by one.",
    resolve: ({ id }, _args, { loaders }) => loaders.storageGroupsOfGroup.load(id),
  }),
);
