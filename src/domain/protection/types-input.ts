/** What is asked for of protection groups. (Reference: input_spec.) */
import { builder } from "../builder.ts";
import { expectedVersion, keyField } from "../mutation-parts.ts";

const StorageGroupInput = builder.inputType("StorageGroupInput", {
  description: "Datastores whose data goes to one datastore at the recovery site. (Reference: storage_groups.)",
  fields: (t) => ({
    sourceDatastoreIds: t.idList({
      required: true,
      description: "Datastores at the protected site, at least one, each in no other storage group (reference: source_storage).",
    }),
    targetDatastoreId: t.id({ required: true, description: "The datastore at the recovery site (reference: target_storage)." }),
  }),
});

const ReplicationInput = builder.inputType("ReplicationInput", {
  isOneOf: true,
  description: "What is replicated: datastores with all VMs on them, or VMs one by one. (Reference: input_spec of type replication.)",
  fields: (t) => ({
    storageGroups: t.field({
      type: [StorageGroupInput],
      description:
        "By the storage arrays: the group's VMs are those on the datastores, at least one storage group. replicationType is SAN.",
    }),
    vmIds: t.idList({ description: "By the hypervisor, machine by machine: at least one VM. replicationType is HOST." }),
  }),
});

const SnapshotInput = builder.inputType("SnapshotInput", {
  description: "VMs whose snapshots are sent. (Reference: input_spec of type snapshot.)",
  fields: (t) => ({
    vmIds: t.idList({ required: true, description: "The VMs, at least one (reference: resources)." }),
    intervalMinutes: t.int({ required: true, description: "Minutes between two snapshots: 1 to 10,080, and at most rpoMinutes." }),
    retention: t.int({ required: true, description: "How many snapshots are kept, 1 to 64: the group's pointInTimeInstances." }),
  }),
});

const ContinuousInput = builder.inputType("ContinuousInput", {
  description: "VMs whose every write is sent. (Reference: input_spec of type continuous, replication_settings.)",
  fields: (t) => ({
    vmIds: t.idList({ required: true, description: "The VMs, at least one (reference: resources)." }),
    consistencyGroups: t.boolean({
      description: "All VMs have their points at the same moment; false by default (reference: consistency_groups).",
    }),
  }),
});

const SpecificationInput = builder.inputType("ProtectionGroupSpecification", {
  isOneOf: true,
  description: "What a group protects and how: its type, which never changes. (Reference: type, input_spec.)",
  fields: (t) => ({
    replication: t.field({ type: ReplicationInput, description: "Type REPLICATION." }),
    snapshot: t.field({ type: SnapshotInput, description: "Type SNAPSHOT." }),
    continuous: t.field({ type: ContinuousInput, description: "Type CONTINUOUS." }),
  }),
});

const rpoMinutes = "So old at most may the replica be, in minutes: 1 to 10,080, and no less than the sites' providers can keep";
const pointInTimeInstances = "So many recovery points are kept, 1 to 64, and no more than the sites' providers can keep";

export const CreateProtectionGroupInput = builder.inputType("CreateProtectionGroupInput", {
  description: "A new protection group. (Reference: Create Protection Group.)",
  fields: (t) => ({
    name: t.string({ required: true, description: "1 to 255 characters, unique among protection groups without regard to case." }),
    description: t.string({ description: "What it is, at most 4,096 characters; empty by default." }),
    protectedSiteId: t.id({ required: true, description: "The site that it is protected at." }),
    recoverySiteId: t.id({ required: true, description: "The site that it is recovered at, paired with the other." }),
    rpoMinutes: t.int({ description: `${rpoMinutes}; 15 by default (reference: rpo_minutes).` }),
    pointInTimeInstances: t.int({
      description: `${pointInTimeInstances}; 1 by default. Of a SNAPSHOT group it is its retention (reference: point_in_time_instances).`,
    }),
    specification: t.field({ type: SpecificationInput, required: true, description: "What it protects and how." }),
    idempotencyKey: t.string(keyField),
  }),
});

const SnapshotSettingsInput = builder.inputType("SnapshotSettingsInput", {
  description: "Settings of a SNAPSHOT group; what is left out stays as it is.",
  fields: (t) => ({
    intervalMinutes: t.int({ description: "Minutes between two snapshots: 1 to 10,080, and at most rpoMinutes." }),
    retention: t.int({ description: "How many snapshots are kept, 1 to 64: the group's pointInTimeInstances." }),
  }),
});

export const UpdateProtectionGroupInput = builder.inputType("UpdateProtectionGroupInput", {
  description: "Changes of a protection group; what is left out or null stays as it is. (Reference: Update Protection Group.)",
  fields: (t) => ({
    groupId: t.id({ required: true, description: "The protection group." }),
    name: t.string({ description: "1 to 255 characters, unique among protection groups without regard to case." }),
    description: t.string({ description: "What it is, at most 4,096 characters; may be empty." }),
    rpoMinutes: t.int({ description: `${rpoMinutes}.` }),
    pointInTimeInstances: t.int({ description: `${pointInTimeInstances}. Of a SNAPSHOT group it is its retention.` }),
    snapshot: t.field({ type: SnapshotSettingsInput, description: "Of a SNAPSHOT group only." }),
    storageGroups: t.field({
      type: [StorageGroupInput],
      description:
        "Of a group that replicates datastores only, and while no recovery plan has it: all its storage groups, in place of those before. VMs on new datastores join the group, VMs on those that are left out leave it.",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const DeleteProtectionGroupInput = builder.inputType("DeleteProtectionGroupInput", {
  description: "Which protection group to delete. (Reference: Delete Protection Group.)",
  fields: (t) => ({
    groupId: t.id({ required: true, description: "The protection group." }),
    force: t.boolean({
      description:
        "Delete it although it has VMs or is part of recovery plans, and although something at the sites can't be taken back: that is a warning then. False by default. (Reference: force.)",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const AddProtectedVmsInput = builder.inputType("AddProtectedVmsInput", {
  description: "Which VMs to protect by which group. (Reference: Add VMs to Protection Group.)",
  fields: (t) => ({
    groupId: t.id({ required: true, description: "The protection group." }),
    vmIds: t.idList({
      required: true,
      description:
        "VMs of the protected site that are in no group, at least one; members of this group that are NOT_CONFIGURED or in ERROR are configured by it. Of a group that replicates datastores: VMs on them.",
    }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const RemoveProtectedVmInput = builder.inputType("RemoveProtectedVmInput", {
  description: "Which VM to take out of its protection group. (Reference: Remove VMs from Protection Group.)",
  fields: (t) => ({
    vmId: t.id({ required: true, description: "The VM." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});
