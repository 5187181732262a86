import type { StepResult, StepSpecs } from "../model.ts";
import { failed, type StepContext, type StepKind, succeeded, textOf } from "./kind.ts";

/** The point is recorded before the promotion is ordered: asked again, the same key has to mean the same request. */
export const promoteStorage: StepKind<"PROMOTE_STORAGE"> = async (spec, context) => {
  const { site, groupId } = spec;
  let chosen = context.recorded();
  if (textOf(chosen, "pointId") === null) {
    chosen = await choose(spec, context);
    if (chosen === null) return failed("There is no such complete recovery point");
    await context.record({ result: chosen });
  }
  const end = await context.effect(site, "promote", { groupId, pointId: textOf(chosen, "pointId") ?? "" });
  if (!end.ok) return failed(end.message, chosen ?? {});
  return succeeded(`Storage of the recovery point of ${textOf(chosen, "takenAt")}`, { ...chosen, snapshotId: end.result.snapshotId });
};

async function choose({ site, groupId, point }: StepSpecs["PROMOTE_STORAGE"], context: StepContext): Promise<StepResult | null> {
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
