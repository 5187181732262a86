/** What can be done with protection groups. The engine does the work at the sites; here it is checked, written, and started. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type AddVmsInput, addVms, type GroupRun } from "./add-vms.ts";
import { create, type GroupTask } from "./create.ts";
import { type DeleteGroupInput, deleteGroup } from "./delete.ts";
import type { CreateGroupInput } from "./input.ts";
import { type RemovedVm, type RemoveVmInput, removeVm } from "./remove-vm.ts";
import { type UpdatedGroup, type UpdateGroupInput, update } from "./update.ts";

/** Ids in inputs are global, those in answers the database's. Each rejects with a DomainError when it has done nothing. */
export interface Protection {
  create(viewer: Viewer, input: CreateGroupInput): Promise<GroupTask>;
  update(viewer: Viewer, input: UpdateGroupInput): Promise<UpdatedGroup>;
  delete(viewer: Viewer, input: DeleteGroupInput): Promise<GroupTask>;
  addVms(viewer: Viewer, input: AddVmsInput): Promise<GroupRun>;
  removeVm(viewer: Viewer, input: RemoveVmInput): Promise<RemovedVm>;
}

export const createProtection = (context: ServiceContext): Protection => ({
  create: (viewer, input) => create(context, viewer, input),
  update: (viewer, input) => update(context, viewer, input),
  delete: (viewer, input) => deleteGroup(context, viewer, input),
  addVms: (viewer, input) => addVms(context, viewer, input),
  removeVm: (viewer, input) => removeVm(context, viewer, input),
});
