import { failed, type StepKind, succeeded } from "./kind.ts";

export const synchronise: StepKind<"SYNCHRONISE"> = async ({ site, groupId }, context) => {
  const end = await context.effect(site, "synchronise", { groupId });
  if (!end.ok) return failed(end.message);
  const { pointId, takenAt, sizeBytes } = end.result;
  return succeeded(`Recovery point of ${takenAt}, ${sizeBytes} bytes copied`, { pointId, takenAt, sizeBytes });
};
