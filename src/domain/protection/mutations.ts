/** What can be done with protection groups: the service checks and decides. (Reference: Protection Groups Management.) */
import { builder } from "../builder.ts";
import { VirtualMachineRef } from "../inventory/types-vm.ts";
import { actor, written } from "../mutation-parts.ts";
import { TaskRef } from "../tasks/types-refs.ts";
import {
  AddProtectedVmsInput,
  CreateProtectionGroupInput,
  DeleteProtectionGroupInput,
  RemoveProtectedVmInput,
  UpdateProtectionGroupInput,
} from "./types-input.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

const since = "null: it was deleted since, and this answers a repeated request";

const taskPayload = (name: string, description: string) =>
  builder.objectRef<{ readonly groupId: string; readonly taskId: string }>(name).implement({
    description,
    fields: (t) => ({
      protectionGroup: t.field({
        type: ProtectionGroupRef,
        nullable: true,
        description: `The group; ${since}.`,
        resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
      }),
      task: t.field({
        type: TaskRef,
        description: "The task that does it.",
        resolve: ({ taskId }, _args, { loaders }) => written(loaders.task.load(taskId)),
      }),
    }),
  });

const CreatePayload = taskPayload("CreateProtectionGroupPayload", "The group is there, CONFIGURING, and the task sets it up at its sites.");
const DeletePayload = taskPayload("DeleteProtectionGroupPayload", "The group is DELETING, and gone when the task has ended well.");

const UpdatePayload = builder.objectRef<{ readonly groupId: string }>("UpdateProtectionGroupPayload").implement({
  description: "The group is changed. With other storage groups it is CONFIGURING until its sites and its VMs have followed.",
  fields: (t) => ({
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: `The group; ${since}.`,
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
  }),
});

const AddPayload = builder.objectRef<{ readonly groupId: string }>("AddProtectedVmsPayload").implement({
  description:
    "The VMs are in the group, which is CONFIGURING with them; each is SHADOWING once it has a placeholder and has been synchronised.",
  fields: (t) => ({
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: `The group; ${since}.`,
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
  }),
});

const RemovePayload = builder.objectRef<{ readonly groupId: string; readonly vmId: string }>("RemoveProtectedVmPayload").implement({
  description: "The VM leaves its group, which is CONFIGURING until the VM's placeholder and its replication are taken away.",
  fields: (t) => ({
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM; null: its site no longer has it, and this answers a repeated request.",
      resolve: ({ vmId }, _args, { loaders }) => loaders.vm.load(vmId),
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: `The group that it leaves; ${since}.`,
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
  }),
});

const common = { nullable: true, authScopes: { role: "EDITOR" }, errors: {} } as const;

builder.mutationFields((t) => ({
  createProtectionGroup: t.field({
    type: CreatePayload,
    ...common,
    description:
      "Makes a protection group, as a task: it configures replication and placeholders at the sites and synchronises for the first time. Field errors name each VM and datastore that can't be protected by it; PRECONDITION_FAILED while one of the sites is disconnected. A creation that fails leaves the group in ERROR; one that is cancelled (cancelTask) is rolled back. (Reference: Create Protection Group.)",
    args: { input: t.arg({ type: CreateProtectionGroupInput, required: true, description: "The group." }) },
    resolve: (_root, { input }, context) => context.services.protection.create(actor(context), input),
  }),
  updateProtectionGroup: t.field({
    type: UpdatePayload,
    ...common,
    description:
      "Changes a protection group's name and settings; its type never changes. CONFLICT while a run uses it. (Reference: Update Protection Group.)",
    args: { input: t.arg({ type: UpdateProtectionGroupInput, required: true, description: "The changes." }) },
    resolve: (_root, { input }, context) => context.services.protection.update(actor(context), input),
  }),
  deleteProtectionGroup: t.field({
    type: DeletePayload,
    ...common,
    description:
      "Deletes a protection group, as a task: replication stops, placeholders and recovery points go. Without force CONFLICT names its VMs or recovery plans; with force it leaves its plans when it is gone, and they show a fault until then. CONFLICT always while a run uses it or it is recovered. A deletion that began can't be cancelled. (Reference: Delete Protection Group.)",
    args: { input: t.arg({ type: DeleteProtectionGroupInput, required: true, description: "Which group." }) },
    resolve: (_root, { input }, context) => context.services.protection.delete(actor(context), input),
  }),
  addProtectedVms: t.field({
    type: AddPayload,
    ...common,
    description:
      "Adds VMs to a protection group, all of them or none: a field error says of each VM what keeps it out. CONFLICT while a run uses the group, and for more VMs than a group may have. (Reference: Add VMs to Protection Group.)",
    args: { input: t.arg({ type: AddProtectedVmsInput, required: true, description: "Which VMs." }) },
    resolve: (_root, { input }, context) => context.services.protection.addVms(actor(context), input),
  }),
  removeProtectedVm: t.field({
    type: RemovePayload,
    ...common,
    description:
      "Takes a VM out of its protection group. CONFLICT while other VMs depend on it, or while a run uses the group. A VM that stays on a datastore which its group replicates is a fault of the group from then on. (Reference: Remove VMs from Protection Group.)",
    args: { input: t.arg({ type: RemoveProtectedVmInput, required: true, description: "Which VM." }) },
    resolve: (_root, { input }, context) => context.services.protection.removeVm(actor(context), input),
  }),
}));
