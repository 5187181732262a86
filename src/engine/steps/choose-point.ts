/** Which recovery point a step uses. It is recorded before anything is ordered: asked again, the same key has to mean the same request. */
import type { ResultOf, SiteRef, StepResult } from "../model.ts";
import { type StepContext, textOf } from "./kind.ts";

interface Choice {
  readonly site: SiteRef;
  readonly groupId: string;
  /** One by its id, or that of the first of these synchronisations that succeeded, else the newest complete one. */
  readonly point: { readonly id: string } | { readonly from: readonly ResultOf[] };
}

/** `pointId` and `takenAt`; null: there is no such complete point. */
export async function choosePoint(choice: Choice, context: StepContext): Promise<StepResult | null> {
  const recorded = context.recorded();
  if (textOf(recorded, "pointId") !== null) return recorded;
  const chosen = await choose(choice, context);
  if (chosen !== null) await context.record({ result: chosen });
  return chosen;
}

async function choose({ site, groupId, point }: Choice, context: StepContext): Promise<StepResult | null> {
  if ("from" in point) {
    for (const ordinal of point.from) {
      const made = context.resultOf(ordinal);
      if (made !== null && textOf(made, "pointId") !== null) return { pointId: made.pointId, takenAt: made.takenAt };
    }
  }
  const points = await context.ask(site, (provider, signal) => provider.recoveryPoints(site.externalId, groupId, signal));
  const found = points.find(({ complete, pointId }) => complete && (!("id" in point) || pointId === point.id));
  return found ? { pointId: found.pointId, takenAt: found.takenAt } : null;
}
