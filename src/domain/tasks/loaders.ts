import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate, padded } from "../batching.ts";
import type { Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { readTaskFacts, type TaskFacts } from "./refusals.ts";

export type TaskOrderField = "START_TIME" | "NAME";
export interface TaskFilter {
  readonly state?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly startTimeAfter?: Date | null | undefined;
  readonly targetId?: string | null | undefined;
}

const tasks: Source<TaskOrderField, TaskFilter, never> = {
  name: "tasks",
  columns: "t.id",
  from: "task t",
  id: "t.id",
  orders: { START_TIME: { expression: "t.started_at", type: "timestamptz" }, NAME: { expression: "lower(t.name)", type: "text" } },
  conditions: [
    { type: "text", sql: (state) => `t.state::text = ${state}`, value: ({ state }) => state },
    { type: "text", sql: (type) => `t.type::text = ${type}`, value: ({ type }) => type },
    { type: "timestamptz", sql: (time) => `t.started_at > ${time}`, value: ({ startTimeAfter }) => startTimeAfter },
    { type: "uuid", sql: (target) => `t.target_id = ${target}`, value: ({ targetId }) => targetId },
  ],
  parents: {},
};

export function openTaskLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const task = batchedOne(
    (ids) => prisma.task.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const taskOfRecovery = batchedOne(
    (ids) => prisma.task.findMany({ where: { recoveryId: { in: padded(ids) } } }),
    ({ recoveryId }) => recoveryId ?? "",
  );
  const taskFacts = batchedOne<TaskFacts>(
    (ids) => readTaskFacts(pool, ids),
    ({ id }) => id,
  );
  const taskList = openList(pool, tasks, { field: "START_TIME", direction: "DESC", filter: {} });
  return (gate: Gate) => ({
    task: task.loader(gate),
    taskOfRecovery: taskOfRecovery.loader(gate),
    taskFacts: taskFacts.loader(gate),
    taskList: taskList(gate),
  });
}
