/** Lists of protection groups, as several rooms have them. */
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idIfGiven } from "../ids.ts";
import type { GroupFilter as Filter } from "./loaders.ts";
import { PeerState, ProtectionGroupState, ProtectionGroupType, ProtectionState, ReplicationType } from "./types-enums.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

const ProtectionGroupOrderField = builder.enumType("ProtectionGroupOrderField", {
  description: "What protection groups are sorted by. (Reference: sort_by.)",
  values: {
    NAME: { description: "Name, without regard to case." },
    TYPE: { description: "Name of the type." },
    STATE: { description: "Name of the state." },
    LAST_TEST_TIME: { description: "Time of the last test; never is earliest." },
    CREATED_AT: { description: "When it was made." },
  } as const,
});

const ProtectionGroupOrder = builder.inputType("ProtectionGroupOrder", {
  description: "How protection groups are sorted.",
  fields: (t) => ({
    field: t.field({ type: ProtectionGroupOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const ProtectionGroupFilter = builder.inputType("ProtectionGroupFilter", {
  description: "Which protection groups; everything that is given must hold. (Reference: filter_property, filter.)",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    state: t.field({ type: ProtectionGroupState, description: "Only those in this state." }),
    peerState: t.field({ type: PeerState, description: "Only those in this state at their peer site." }),
    protectionState: t.field({ type: ProtectionState, description: "Only those whose VMs are protected so far." }),
    type: t.field({ type: ProtectionGroupType, description: "Only those of this type." }),
    replicationType: t.field({ type: ReplicationType, description: "Only those whose data gets to the recovery site like this." }),
    siteId: t.id({ description: "Only those from or to this site." }),
  }),
});

export const ProtectionGroupConnection = builder.connectionObject(
  { type: ProtectionGroupRef, name: "ProtectionGroupConnection", description: "A page of protection groups." },
  { name: "ProtectionGroupEdge", description: "A protection group in a page." },
);

/** Arguments of every list of protection groups. */
export const groupArgs = builder.args((t) => ({
  ...t.connectionArgs(),
  filter: t.field({ type: ProtectionGroupFilter, description: "Which groups; all by default." }),
  orderBy: t.field({ type: ProtectionGroupOrder, description: "How they are sorted; by name by default." }),
}));

/** The arguments with ids as the database has them. */
export function groupRequest<Args extends { readonly filter?: Filter | null | undefined }>({ filter, ...args }: Args) {
  if (!filter) return { ...args, filter: null };
  return { ...args, filter: { ...filter, siteId: idIfGiven("Site", filter.siteId, ["filter", "siteId"]) } };
}
