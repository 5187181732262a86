import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { shownIn } from "../shown.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import { VmConnection, vmArgs, vmRequest } from "./types-vm-list.ts";

builder.queryFields((t) => ({
  vms: t.field({
    type: VmConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "VMs of all sites, protected or not. (Reference: List Protected VMs.)",
    args: vmArgs,
    resolve: (_root, args, { loaders }, info) => loaders.vmList.rows(null, vmRequest(args), shownIn(info)),
  }),
  vm: t.field({
    type: VirtualMachineRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The VM with this id; null when there is none. (Reference: Get VM Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a VM." }) },
    resolve: (_root, { id }, { loaders }) => loaders.vm.load(idOf("VirtualMachine", id)),
  }),
}));
