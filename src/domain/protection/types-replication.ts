/** How the replication of a group goes. */
import { builder } from "../builder.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

builder.objectField(ProtectionGroupRef, "replicationError", (t) =>
  t.string({
    nullable: true,
    description:
      "Why its last replication failed, as its site says it: the recovery points get older meanwhile (ReplicationInfo.lagSeconds), and it is tried again by itself, less and less often. Null: it went well, or there was none yet.",
    resolve: async ({ id }, _args, { loaders }) => (await loaders.cycleOfGroup.load(id))?.error ?? null,
  }),
);
