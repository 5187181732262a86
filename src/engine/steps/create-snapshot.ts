import { failed, type StepKind, succeeded, textOf } from "./kind.ts";

/** The point is recorded before the snapshot is ordered: asked again, the same key has to mean the same request. */
export const createSnapshot: StepKind<"CREATE_SNAPSHOT"> = async ({ site, groupId, pointFrom, name }, context) => {
  let chosen = context.recorded();
  if (textOf(chosen, "pointId") === null) {
    const synchronised = pointFrom === null ? null : context.resultOf(pointFrom);
    const points = synchronised
      ? []
      : await context.ask(site, (provider, signal) => provider.recoveryPoints(site.externalId, groupId, signal));
    const newest = points.find((point) => point.complete);
    chosen = synchronised ?? (newest ? { pointId: newest.pointId, takenAt: newest.takenAt } : null);
    if (chosen === null) return failed("There is no complete recovery point");
    chosen = { pointId: chosen.pointId, takenAt: chosen.takenAt };
    await context.record({ result: chosen });
  }
  const pointId = textOf(chosen, "pointId") ?? "";
  const end = await context.effect(site, "createSnapshot", { groupId, pointId, name });
  if (!end.ok) return failed(end.message, chosen ?? {});
  return succeeded(`Writable snapshot at the recovery point of ${textOf(chosen, "takenAt")}`, {
    ...chosen,
    snapshotId: end.result.snapshotId,
  });
};
