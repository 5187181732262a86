/** What the mutations of recoveries have in common: how they reach the service, and what they answer. */
import type { Context } from "../context.ts";
import { UnauthorizedError } from "../errors.ts";
import type { Viewer } from "../viewer.ts";
import type { Recoveries } from "./service.ts";

export const key = {
  description:
    "At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT.",
} as const;

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

export async function loadPrompt({ loaders }: Context, id: string) {
  const found = await loaders.prompt.load(id);
  if (!found) throw new Error(`prompt ${id} is gone`);
  return found;
}
