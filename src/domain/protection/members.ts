/** VMs as a run of their group is told of them: where their placeholders stand, and under which names. */
import type { NewMember } from "../../engine/group-snapshot.ts";
import type { RunWarning, SnapshotSite } from "../../engine/run-snapshot.ts";
import { runWarning } from "../../engine/warnings.ts";
import type { VmCandidate } from "./candidates.ts";

export interface NewMembers {
  readonly vms: readonly NewMember[];
  readonly warnings: readonly RunWarning[];
}

export const placeholderName = (vmName: string): string => `${vmName}-placeholder`;

/** What is not mapped is not in the way: the placeholder stands where the provider puts it, until a mapping is made. */
export function newMembers(candidates: readonly VmCandidate[], { name: siteName, capabilities }: SnapshotSite): NewMembers {
  const warnings: RunWarning[] = [];
  const vms = candidates.map((vm): NewMember => {
    const place = (known: boolean, kind: string, source: string | null, target: string | null) => {
      if (!known || source === null) return null;
      if (target === null)
        warnings.push(runWarning("MAPPING_MISSING", `${vm.name} is in the ${kind} ${source}, which is not mapped to ${siteName}.`));
      return target;
    };
    return {
      id: vm.id,
      name: vm.name,
      externalId: vm.externalId,
      placeholderName: placeholderName(vm.name),
      folderId: place(capabilities.folders, "folder", vm.folderPath, vm.targetFolderPath),
      resourcePoolId: place(capabilities.resourcePools, "resource pool", vm.poolName, vm.targetPoolName),
    };
  });
  return { vms, warnings };
}
