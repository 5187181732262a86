import { failed, type StepKind, succeeded } from "./kind.ts";

export const removeVm: StepKind<"REMOVE_VM"> = async ({ site, vmId }, context) => {
  const end = await context.effect(site, "removeVm", { vmId });
  return end.ok ? succeeded("Removed") : failed(end.message);
};

export const restorePlaceholder: StepKind<"RESTORE_PLACEHOLDER"> = async ({ site, placeholderId }, context) => {
  const end = await context.effect(site, "restorePlaceholder", { placeholderId });
  return end.ok ? succeeded("Placeholder restored") : failed(end.message);
};

export const discardSnapshot: StepKind<"DISCARD_SNAPSHOT"> = async ({ site, snapshotId }, context) => {
  const end = await context.effect(site, "discardSnapshot", { snapshotId });
  return end.ok ? succeeded("Snapshot discarded") : failed(end.message);
};

export const removeNetwork: StepKind<"REMOVE_NETWORK"> = async ({ site, networkId }, context) => {
  const end = await context.effect(site, "removeNetwork", { networkId });
  return end.ok ? succeeded("Network removed") : failed(end.message);
};
