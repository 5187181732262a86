import { choosePoint } from "./choose-point.ts";
import { failed, type StepKind, succeeded, textOf } from "./kind.ts";

export const createSnapshot: StepKind<"CREATE_SNAPSHOT"> = async ({ site, groupId, pointId: asked, pointFrom, name }, context) => {
  const point = asked === undefined ? { from: pointFrom === null ? [] : [pointFrom] } : { id: asked };
  const chosen = await choosePoint({ site, groupId, point }, context);
  if (chosen === null) return failed(asked === undefined ? "There is no complete recovery point" : "The recovery point is no longer there");
  const end = await context.effect(site, "createSnapshot", { groupId, pointId: textOf(chosen, "pointId") ?? "", name });
  if (!end.ok) return failed(end.message, chosen);
  const message = `Writable snapshot at the recovery point of ${textOf(chosen, "takenAt")}`;
  return succeeded(message, { ...chosen, snapshotId: end.result.snapshotId });
};
