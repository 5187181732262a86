/** What the mutations of recoveries have in common: how they reach the service, and what they answer. */
import { builder } from "../../builder.ts";
import type { Context } from "../../context.ts";
import { UnauthorizedError } from "../../errors.ts";
import { TaskRef } from "../../tasks/types-refs.ts";
import type { Viewer } from "../../viewer.ts";
import type { Recoveries, StartedRun } from "../service.ts";
import { RecoveryRef } from "../types/refs.ts";

export const key = {
  description:
    "At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT.",
} as const;

/** A run that was requested, and its task. */
export const startedPayload = (name: string, description: string) =>
  builder.objectRef<StartedRun>(name).implement({
    description,
    fields: (t) => ({
      recovery: t.field({
        type: RecoveryRef,
        description: "The new run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
      task: t.field({ type: TaskRef, description: "Its task.", resolve: ({ taskId }, _args, context) => loadTask(context, taskId) }),
    }),
  });

/** A run that was told something. */
export const controlPayload = (name: string, description: string) =>
  builder.objectRef<{ readonly recoveryId: string }>(name).implement({
    description,
    fields: (t) => ({
      recovery: t.field({
        type: RecoveryRef,
        description: "The run.",
        resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
      }),
    }),
  });

export function act<T>(context: Context, work: (recoveries: Recoveries, viewer: Viewer) => Promise<T>): Promise<T> {
  const { viewer, refusal, services } = context;
  if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session.");
  return work(services.recoveries, viewer);
}

export async function loadRecovery({ loaders }: Context, id: string) {
  const found = await loaders.recovery.load(id);
  if (!found) throw new Error(`recovery ${id} is gone`);
  return found;
}

async function loadTask({ loaders }: Context, id: string) {
  const found = await loaders.task.load(id);
  if (!found) throw new Error(`task ${id} is gone`);
  return found;
}

export async function loadPrompt({ loaders }: Context, id: string) {
  const found = await loaders.prompt.load(id);
  if (!found) throw new Error(`prompt ${id} is gone`);
  return found;
}
