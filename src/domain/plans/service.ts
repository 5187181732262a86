/** What can be done with recovery plans, beside running them. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type ChangedPlan, type CreateInput, create } from "./create.ts";
import { type AddInput, addGroup, type RemoveInput, removeGroup } from "./members.ts";
import { type ConfigureInput, configure } from "./priority-groups.ts";
import { type DeleteInput, remove, type UpdateInput, update } from "./update.ts";

/** Ids are the database's. Every method rejects with a DomainError when it has done nothing, and its key gets the first answer again. */
export interface Plans {
  create(viewer: Viewer, input: CreateInput): Promise<ChangedPlan>;
  update(viewer: Viewer, input: UpdateInput): Promise<ChangedPlan>;
  remove(viewer: Viewer, input: DeleteInput): Promise<ChangedPlan>;
  addGroup(viewer: Viewer, input: AddInput): Promise<ChangedPlan>;
  removeGroup(viewer: Viewer, input: RemoveInput): Promise<ChangedPlan>;
  configurePriorityGroups(viewer: Viewer, input: ConfigureInput): Promise<ChangedPlan>;
}

export const createPlans = (context: ServiceContext): Plans => ({
  create: (viewer, input) => create(context, viewer, input),
  update: (viewer, input) => update(context, viewer, input),
  remove: (viewer, input) => remove(context, viewer, input),
  addGroup: (viewer, input) => addGroup(context, viewer, input),
  removeGroup: (viewer, input) => removeGroup(context, viewer, input),
  configurePriorityGroups: (viewer, input) => configure(context, viewer, input),
});
