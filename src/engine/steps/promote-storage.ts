import { choosePoint } from "./choose-point.ts";
import { failed, type StepKind, succeeded, textOf } from "./kind.ts";

export const promoteStorage: StepKind<"PROMOTE_STORAGE"> = async (spec, context) => {
  const { site, groupId } = spec;
  const chosen = await choosePoint(spec, context);
  if (chosen === null) return failed("There is no such complete recovery point");
  const end = await context.effect(site, "promote", { groupId, pointId: textOf(chosen, "pointId") ?? "" });
  if (!end.ok) return failed(end.message, chosen);
  return succeeded(`Storage of the recovery point of ${textOf(chosen, "takenAt")}`, { ...chosen, snapshotId: end.result.snapshotId });
};
