/** Lists of VMs, as several rooms have them. */
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idIfGiven } from "../ids.ts";
import { VmProtectionState } from "../protection/types-enums.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import type { VmOrderField as Field, VmFilter as Filter } from "./types-vm-rows.ts";

const VmOrderField = builder.enumType("VmOrderField", {
  description: "What VMs are sorted by.",
  values: {
    NAME: { description: "Name, without regard to case." },
    LAST_SYNC_TIME: { description: "Time of the last synchronisation; never is earliest." },
    PROTECTION_STATE: { description: "Name of the protection state." },
  } as const,
});

const VmOrder = builder.inputType("VmOrder", {
  description: "How VMs are sorted.",
  fields: (t) => ({
    field: t.field({ type: VmOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const VmFilter = builder.inputType("VmFilter", {
  description: "Which VMs; everything that is given must hold. (Reference: List Protected VMs.)",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    siteId: t.id({ description: "Only those that run at this site." }),
    protectionGroupId: t.id({ description: "Only those of this protection group." }),
    protectionState: t.field({ type: VmProtectionState, description: "Only those that are protected so far." }),
    needsConfiguration: t.boolean({
      description: "Only those that have reasons to be configured, or only others (see VirtualMachine.configurationReasons).",
    }),
    isProtected: t.boolean({ description: "Only members of a protection group, or only others." }),
  }),
});

export const VmConnection = builder.connectionObject(
  { type: VirtualMachineRef, name: "VirtualMachineConnection", description: "A page of VMs." },
  { name: "VirtualMachineEdge", description: "A VM in a page." },
);

/** Arguments of every list of VMs. */
export const vmArgs = builder.args((t) => ({
  ...t.connectionArgs(),
  filter: t.field({ type: VmFilter, description: "Which VMs; all by default." }),
  orderBy: t.field({ type: VmOrder, description: "How they are sorted; by name by default." }),
}));

interface VmListArgs {
  readonly filter?: Filter | null | undefined;
  readonly orderBy?: { readonly field: Field; readonly direction?: "ASC" | "DESC" | null | undefined } | null | undefined;
}

/** The arguments with ids as the database has them. */
export function vmRequest<Args extends VmListArgs>({ filter, ...args }: Args) {
  if (!filter) return { ...args, filter: null };
  const { siteId, protectionGroupId } = filter;
  return {
    ...args,
    filter: {
      ...filter,
      siteId: idIfGiven("Site", siteId, ["filter", "siteId"]),
      protectionGroupId: idIfGiven("ProtectionGroup", protectionGroupId, ["filter", "protectionGroupId"]),
    },
  };
}
