/** A VM of its own for each test of a real recovery: protected in a group of its own, recovered, and taken back. */
import { randomUUID } from "node:crypto";
import type { EffectRequest } from "../../../src/providers/contract.ts";
import { type ContractSetup, type ContractVm, Owner } from "./setup.ts";

export const refused = { failure: "PERMANENT", code: "REFUSED" };
export const notFound = { failure: "PERMANENT", code: "NOT_FOUND" };

export interface ProtectedVm extends ContractVm {
  readonly groupId: string;
  readonly pointId: string;
}

export interface RecoveredVm extends ProtectedVm {
  readonly snapshotId: string;
  readonly vmId: string;
}

/** It has one complete recovery point. */
export async function aProtectedVm(setup: ContractSetup): Promise<ProtectedVm> {
  const owner = new Owner(setup);
  const vm = await setup.makeVm();
  const groupId = `group-${randomUUID()}`;
  await owner.done("protectGroup", {
    groupId,
    name: `group of ${vm.name}`,
    sourceSiteId: setup.protectedSite,
    sourceVmIds: [vm.sourceVmId],
    storageGroups: [],
  });
  const { folderId, resourcePoolId } = setup;
  const { placeholderId } = await owner.done("createPlaceholder", { ...vm, name: `${vm.name}-placeholder`, folderId, resourcePoolId });
  const { pointId } = await owner.done("synchronise", { groupId });
  return { ...vm, groupId, placeholderId, pointId };
}

export function permanently(setup: ContractSetup, vm: ContractVm, snapshotId: string): EffectRequest<"registerVm"> {
  const { name, placeholderId, sourceVmId } = vm;
  return { ...new Owner(setup).registration({ name, placeholderId, sourceVmId }, snapshotId), permanent: true };
}

/** Its original is off, and its copy is registered for good; not yet on. */
export async function aRecoveredVm(setup: ContractSetup): Promise<RecoveredVm> {
  const vm = await aProtectedVm(setup);
  const owner = new Owner(setup);
  await owner.at(setup.protectedSite).done("shutDownVm", { vmId: vm.sourceVmId, guestTimeoutSeconds: 0 });
  const { pointId } = await owner.done("synchronise", { groupId: vm.groupId });
  const { snapshotId } = await owner.done("promote", { groupId: vm.groupId, pointId });
  const { vmId } = await owner.done("registerVm", permanently(setup, vm, snapshotId));
  return { ...vm, pointId, snapshotId, vmId };
}
