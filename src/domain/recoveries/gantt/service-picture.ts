/** The picture of a run for whoever may read it. */
import type { Context } from "../../context.ts";
import { NotFoundError, UnauthorizedError } from "../../errors.ts";
import { idInPath } from "../../ids.ts";
import { requireRole } from "../../viewer.ts";
import type { RecoveryRow, StepRow } from "../types/refs.ts";
import { treeOf } from "../types/step.ts";
import { ganttSvg } from "./svg.ts";

/** SVG. UnauthorizedError, ForbiddenError, or NotFoundError where there is no such run. */
export async function ganttPicture(context: Context, globalId: string): Promise<string> {
  const { viewer, refusal } = context;
  if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session.");
  requireRole(viewer, "VIEWER");
  const id = idInPath("Recovery", globalId);
  const run = await context.loaders.recovery.load(id);
  if (run === null) throw new NotFoundError("Recovery", globalId);
  return pictureOf(run, (await treeOf(id, context)).all());
}

/** All steps of the run. */
export function pictureOf(run: Readonly<RecoveryRow>, steps: readonly StepRow[]): string {
  const requestedAt = run.requestedAt.getTime();
  const now = steps[0]?.now ?? requestedAt;
  return ganttSvg({ planName: run.planName, kind: run.kind, requestedAt, endedAt: run.endedAt?.getTime() ?? null, now, steps });
}
