import { failed, type StepKind, succeeded } from "./kind.ts";

const vms = (count: number) => `${count} ${count === 1 ? "VM" : "VMs"}`;

export const configureReplication: StepKind<"CONFIGURE_REPLICATION"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "protectGroup", request);
  return end.ok ? succeeded(`Replication of ${vms(request.sourceVmIds.length)} is configured`) : failed(end.message);
};

export const changeStorage: StepKind<"CHANGE_STORAGE"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "changeStorage", request);
  const sources = request.storageGroups.flatMap((group) => group.sources);
  return end.ok ? succeeded(`Replicated from ${sources.join(", ")}`) : failed(end.message);
};

export const addToReplication: StepKind<"ADD_TO_REPLICATION"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "addToGroup", request);
  return end.ok ? succeeded(`${vms(request.sourceVmIds.length)} added`) : failed(end.message);
};

export const removeFromReplication: StepKind<"REMOVE_FROM_REPLICATION"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "removeFromGroup", request);
  return end.ok ? succeeded(`${vms(request.sourceVmIds.length)} removed`) : failed(end.message);
};

export const stopReplication: StepKind<"STOP_REPLICATION"> = async ({ site, groupId }, context) => {
  const end = await context.effect(site, "unprotectGroup", { groupId });
  return end.ok ? succeeded("Replication is stopped, its recovery points are dropped") : failed(end.message);
};

export const reverseReplication: StepKind<"REVERSE_REPLICATION"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "reverseGroup", request);
  return end.ok ? succeeded(`Replication of ${vms(request.members.length)} is reversed`) : failed(end.message);
};
