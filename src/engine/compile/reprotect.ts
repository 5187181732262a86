/**
 * A reprotect: what was recovered is protected in the other direction, each group for itself. The snapshot's sites are as they will be:
 * the protected one is where the VMs run now, the recovery site is the one that they came from.
 */
import type { ReprotectedGroup, ReprotectSnapshot } from "../run-snapshot.ts";
import { siteRef } from "./sites.ts";
import type { StepDetails, Tree } from "./tree.ts";

export function compileReprotect(tree: Tree, snapshot: ReprotectSnapshot): void {
  for (const group of snapshot.groups) {
    const { id, name } = group;
    const { reverseReplication } = snapshot.options;
    const title = reverseReplication ? `Reverse ${name}` : `End the protection of ${name}`;
    const parent = tree.container(null, "REVERSE_GROUP", { of: [id], name: title, groupId: id });
    if (reverseReplication) reverse(tree, snapshot, group, parent);
    else stopFormer(tree, snapshot, group, parent, {});
  }
}

function reverse(tree: Tree, { options, protectedSite, recoverySite }: ReprotectSnapshot, group: ReprotectedGroup, parent: number): void {
  const { id, name, externalId: groupId, storageGroups, vms } = group;
  const site = siteRef(recoverySite);
  const about = (title: string, more: Partial<StepDetails> = {}): StepDetails => ({
    of: [id],
    name: title,
    siteId: site.siteId,
    groupId: id,
    ...more,
  });
  const proof = { site, vmIds: vms.map(({ formerExternalId }) => formerExternalId) };
  const off = tree.leaf(parent, { kind: "CHECK_ORIGINALS_OFF", spec: proof }, about(`Check that the former VMs of ${name} are off`));
  const members = vms.map(({ externalId, formerExternalId }) => ({ sourceVmId: externalId, formerVmId: formerExternalId }));
  const spec = { site, groupId, name, sourceSiteId: protectedSite.externalId, members, storageGroups };
  const reversed = tree.leaf(parent, { kind: "REVERSE_REPLICATION", spec }, about(`Reverse replication of ${name}`, { needs: [off] }));
  const demoted = vms.map((vm) => {
    const demotion = { site, vmId: vm.formerExternalId, sourceVmId: vm.externalId, name: vm.placeholderName };
    const details = about(`Make the former ${vm.name} a placeholder`, { of: [vm.id], vmId: vm.id, needs: [reversed] });
    return tree.leaf(parent, { kind: "DEMOTE_VM", spec: demotion }, details);
  });
  const stopped = stopFormer(tree, { protectedSite }, group, parent, { needs: [reversed], after: demoted });
  if (!options.syncData) return;
  // One former VM that is no placeholder must not keep the others' data from being copied.
  const details = about(`Synchronise ${name} for the first time`, { needs: [reversed], after: [...demoted, stopped] });
  tree.leaf(parent, { kind: "SYNCHRONISE", spec: { site, groupId } }, details);
}

/** The set that the recovery has ended is kept at the site that was recovered to. */
function stopFormer(
  tree: Tree,
  { protectedSite }: Pick<ReprotectSnapshot, "protectedSite">,
  { id, name, formerExternalId }: ReprotectedGroup,
  parent: number,
  edges: Pick<StepDetails, "after" | "needs">,
): number {
  const site = siteRef(protectedSite);
  const details = { of: [id], name: `Stop the former replication of ${name}`, siteId: site.siteId, groupId: id, ...edges };
  return tree.leaf(parent, { kind: "STOP_REPLICATION", spec: { site, groupId: formerExternalId } }, details);
}
