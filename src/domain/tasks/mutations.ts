/** What can be done with tasks. (Reference: Cancel Task.) */
import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { actor, keyField, written } from "../mutation-parts.ts";
import { TaskRef } from "./types-refs.ts";

const CancelTaskInput = builder.inputType("CancelTaskInput", {
  description: "Which task to cancel. (Reference: Cancel Task.)",
  fields: (t) => ({
    taskId: t.id({ required: true, description: "The task." }),
    reason: t.string({ description: "Why, for the record; at most 1,024 characters." }),
    idempotencyKey: t.string(keyField),
  }),
});

const CancelTaskPayload = builder.objectRef<{ readonly taskId: string }>("CancelTaskPayload").implement({
  description: "The task is told to cancel. Its node takes that up next; it is CANCELLED once what is under way has ended.",
  fields: (t) => ({
    task: t.field({
      type: TaskRef,
      description: "The task.",
      resolve: ({ taskId }, _args, { loaders }) => written(loaders.task.load(taskId)),
    }),
  }),
});

builder.mutationField("cancelTask", (t) =>
  t.field({
    type: CancelTaskPayload,
    nullable: true,
    authScopes: { anyRole: ["OPERATOR", "EDITOR"] },
    errors: {},
    description:
      "Cancels what a task stands for, by that one's rules. A recovery: as cancelRecovery does, by the role that it asks for. The creation of a protection group: what it has made is taken back; it needs the role EDITOR. Twice is a success; a cleanup, the deletion of a group, and a task that has ended are CONFLICT. (Reference: Cancel Task.)",
    args: { input: t.arg({ type: CancelTaskInput, required: true, description: "Which task." }) },
    resolve: (_root, { input }, context) =>
      context.services.tasks.cancel(actor(context), { ...input, taskId: idOf("Task", input.taskId, ["taskId"]) }),
  }),
);
