/** Virtual machines. (Reference: Virtual Machine Management.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { type Fault, FaultRef, fault, storedFault } from "../faults.ts";
import { ReplicationState, ReplicationType, VmProtectionState } from "../protection/types-enums.ts";
import { type GroupRow, ProtectionGroupRef } from "../protection/types-refs.ts";
import { LagSeriesRef, lagArgs, lagCost, loadSeries } from "../rpo/types-lag.ts";
import { SiteRef } from "../sites/types.ts";
import { NetworkRef } from "./types.ts";
import { PowerState } from "./types-enums.ts";
import type { VmRow } from "./types-vm-rows.ts";

export const VirtualMachineRef = builder.objectRef<Readonly<VmRow>>("VirtualMachine");

const Placeholder = builder.objectRef<{ vmId: string; name: string | null }>("PlaceholderVm").implement({
  description: "Stands at the recovery site for a protected VM, without data, until it is recovered.",
  fields: (t) => ({
    vmId: t.exposeString("vmId", { description: "The provider's own id of it (reference: placeholder_vm_id)." }),
    name: t.exposeString("name", { nullable: true, description: "Its name (reference: placeholder_vm_name)." }),
  }),
});

const VmNic = builder
  .objectRef<{ nicIndex: number; networkId: string | null; macAddress: string | null; ipAddresses: readonly string[] }>("VmNic")
  .implement({
    description: "A network adapter of a VM.",
    fields: (t) => ({
      nicIndex: t.exposeInt("nicIndex", { description: "Its position, from 0 (reference: nic_id)." }),
      macAddress: t.exposeString("macAddress", { nullable: true, description: "Its hardware address, if known." }),
      ipAddresses: t.field({
        type: ["String"],
        description: "Addresses that were last seen on it.",
        resolve: ({ ipAddresses }) => ipAddresses,
      }),
      network: t.field({
        type: NetworkRef,
        nullable: true,
        description: "The network that it is connected to; null: to none.",
        resolve: ({ networkId }, _args, { loaders }) => (networkId === null ? null : loaders.network.load(networkId)),
      }),
    }),
  });

const ReplicationInfo = builder.objectRef<{ vm: VmRow; group: GroupRow }>("ReplicationInfo").implement({
  description: "How a VM's data gets to the recovery site. (Reference: replication_info.)",
  fields: (t) => ({
    replicationType: t.field({ type: ReplicationType, description: "By what means.", resolve: ({ group }) => group.replicationType }),
    rpoMinutes: t.int({ description: "So old at most may the replica be, in minutes.", resolve: ({ group }) => group.rpoMinutes }),
    state: t.field({ type: ReplicationState, description: "How it does.", resolve: ({ vm }) => vm.replicationState }),
    lastSyncTime: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was last synchronised; null: never.",
      resolve: ({ vm }) => vm.lastSyncAt,
    }),
    lagSeconds: t.int({
      nullable: true,
      description: "How old the replica is, in seconds; null: there is none.",
      resolve: ({ vm }) => vm.lagSeconds,
    }),
    lagMinutes: t.int({
      nullable: true,
      description: "The same in minutes, rounded up.",
      resolve: ({ vm }) => (vm.lagSeconds === null ? null : Math.ceil(vm.lagSeconds / 60)),
    }),
    lagSeries: t.field({
      type: LagSeriesRef,
      args: lagArgs,
      cost: lagCost,
      description: "Its lag over time: that of its present group, whose recovery points hold all its VMs.",
      resolve: ({ group }, args, context) => loadSeries(group.id, args, context),
    }),
  }),
});

function faultsOf(vm: VmRow): Fault[] {
  const missing = vm.missingSince && fault("MISSING_AT_SOURCE", `${vm.name} is no longer listed at its site.`, vm.missingSince);
  return missing ? [...storedFault(vm), missing] : storedFault(vm);
}

builder.node(VirtualMachineRef, {
  description: "A virtual machine of a site, protected or not. (Reference: List Protected VMs, Get VM Details.)",
  id: { resolve: ({ id }) => id, description: "Global id of the VM (reference: vm_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.vm.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name at its site." }),
    powerState: t.expose("powerState", { type: PowerState, description: "Its power, as last seen." }),
    guestOs: t.exposeString("guestOs", { nullable: true, description: "The guest's operating system, if known." }),
    cpuCount: t.exposeInt("cpuCount", { description: "Virtual processors." }),
    memoryMb: t.exposeInt("memoryMb", { description: "Memory in MiB." }),
    diskBytes: t.expose("diskBytes", { type: "ByteCount", description: "Size of all its disks, in bytes." }),
    missingSince: t.expose("missingSince", {
      type: "DateTime",
      nullable: true,
      description: "Since when its site no longer lists it; null: it is there. It can still be recovered from its replica.",
    }),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it runs at.",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "Its protection group; null: it is not protected (reference: protection_group_id, protection_group_name).",
      resolve: ({ groupId }, _args, { loaders }) => (groupId === null ? null : loaders.group.load(groupId)),
    }),
    protectionState: t.expose("protectionState", { type: VmProtectionState, description: "How far it is protected." }),
    needsConfiguration: t.boolean({
      description: "It is protected, and something is missing before it can be recovered: it has `configurationReasons`.",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.configurationReasonsOfVm.load(id)).length > 0,
    }),
    configurationReasons: t.field({
      type: [FaultRef],
      description:
        "What it still needs, each with what to do about it: its placeholder, mappings of its networks, folder and resource pool, or what the provider of its recovery site can't do. Empty: nothing, or it is not protected.",
      resolve: ({ id }, _args, { loaders }) => loaders.configurationReasonsOfVm.load(id),
    }),
    placeholder: t.field({
      type: Placeholder,
      nullable: true,
      description: "What stands for it at the recovery site; null before it is configured.",
      resolve: ({ placeholderExternalId: vmId, placeholderName: name }) => (vmId === null ? null : { vmId, name }),
    }),
    replicationState: t.expose("replicationState", { type: ReplicationState, description: "How its replication does." }),
    lastSyncTime: t.expose("lastSyncAt", { type: "DateTime", nullable: true, description: "When it was last synchronised; null: never." }),
    rpoViolation: t.boolean({
      description: "There is an open RPO violation for it.",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.violationOfVm.load(id)) !== null,
    }),
    replicationInfo: t.field({
      type: ReplicationInfo,
      nullable: true,
      description: "How its data gets to the recovery site; null: it is not protected.",
      resolve: async (vm, _args, { loaders }) => {
        const group = vm.groupId === null ? null : await loaders.group.load(vm.groupId);
        return group && { vm, group };
      },
    }),
    nics: t.field({
      type: [VmNic],
      description: "Its network adapters, by position.",
      resolve: ({ id }, _args, { loaders }) => loaders.nicsOfVm.load(id),
    }),
    faults: t.field({ type: [FaultRef], description: "What is wrong with its protection.", resolve: faultsOf }),
    fault: t.field({
      type: FaultRef,
      nullable: true,
      description: "The first of the faults; null: nothing is wrong.",
      resolve: (vm) => faultsOf(vm)[0] ?? null,
    }),
  }),
});
