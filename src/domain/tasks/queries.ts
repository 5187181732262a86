import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { InvalidRequestError } from "../errors.ts";
import { decodeId, idOf } from "../ids.ts";
import { TaskState, TaskType } from "./types.ts";
import { TaskRef } from "./types-refs.ts";

const TaskOrderField = builder.enumType("TaskOrderField", {
  description: "What tasks are sorted by.",
  values: { START_TIME: { description: "When they were asked for." }, NAME: { description: "Name, without regard to case." } } as const,
});

const TaskOrder = builder.inputType("TaskOrder", {
  description: "How tasks are sorted.",
  fields: (t) => ({
    field: t.field({ type: TaskOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const TaskFilter = builder.inputType("TaskFilter", {
  description: "Which tasks; everything that is given must hold. (Reference: List Tasks.)",
  fields: (t) => ({
    state: t.field({ type: TaskState, description: "Only those that are so far." }),
    type: t.field({ type: TaskType, description: "Only those that do this." }),
    startTimeAfter: t.field({ type: "DateTime", description: "Only those that were asked for later than this." }),
    targetId: t.id({ description: "Only those that work on this recovery plan or protection group (reference: target_id)." }),
  }),
});

const TaskConnection = builder.connectionObject(
  { type: TaskRef, name: "TaskConnection", description: "A page of tasks." },
  { name: "TaskEdge", description: "A task in a page." },
);

function targetOf(globalId: string | null | undefined): string | null {
  if (globalId === null || globalId === undefined) return null;
  const path = ["filter", "targetId"];
  const { typename, id } = decodeId(globalId, path);
  if (typename === "RecoveryPlan" || typename === "ProtectionGroup") return id;
  const message = `This is the id of a ${typename}; tasks work on recovery plans and protection groups.`;
  throw new InvalidRequestError(message, [{ path, message }]);
}

builder.queryFields((t) => ({
  tasks: t.field({
    type: TaskConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Tasks, newest first unless told otherwise. (Reference: List Tasks.)",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: TaskFilter, description: "Which tasks; all by default." }),
      orderBy: t.arg({ type: TaskOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) =>
      loaders.taskList.nodes(null, { ...args, filter: filter && { ...filter, targetId: targetOf(filter.targetId) } }, loaders.task),
  }),
  task: t.field({
    type: TaskRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The task with this id; null when there is none. (Reference: Get Task Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a task." }) },
    resolve: (_root, { id }, { loaders }) => loaders.task.load(idOf("Task", id)),
  }),
}));
