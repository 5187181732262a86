/** What other rooms refer to. */
import type { Task } from "../../database/generated/client.ts";
import { builder } from "../builder.ts";

export const TaskRef = builder.objectRef<Readonly<Task>>("Task");
