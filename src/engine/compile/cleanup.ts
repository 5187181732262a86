/** A cleanup: what its test left is removed, VMs first; then whatever still carries the test's id is named. */
import type { CleanupSnapshot } from "../run-snapshot.ts";
import { siteRef } from "./sites.ts";
import type { Tree } from "./tree.ts";

export function compileCleanup(tree: Tree, snapshot: CleanupSnapshot): void {
  const { vms, placeholders = [], snapshots, networks } = snapshot.remains;
  const site = siteRef(snapshot.recoverySite);
  const { siteId } = site;
  const containers: number[] = [];
  // With force each step is tried, whatever became of the one before it.
  const behind = (ordinal: number) => (snapshot.force ? { after: [ordinal] } : { needs: [ordinal] });

  const removals: number[] = [];
  if (vms.length > 0) {
    const all = tree.container(null, "REMOVE_TEST_VMS", { name: "Power off and remove test VMs" });
    containers.push(all);
    for (const { vmId, name, recoveryVmId } of vms) {
      const about = { of: [vmId], vmId };
      const parent = tree.container(all, "VM", { ...about, name });
      const spec = { site, vmId: recoveryVmId };
      const off = tree.leaf(parent, { kind: "POWER_OFF", spec }, { ...about, name: `Power off ${name}`, siteId });
      removals.push(tree.leaf(parent, { kind: "REMOVE_VM", spec }, { ...about, name: `Remove ${name}`, siteId, ...behind(off) }));
    }
  }
  if (vms.length + placeholders.length > 0) {
    const parent = tree.container(null, "RESTORE_PLACEHOLDERS", { name: "Restore placeholders" });
    containers.push(parent);
    vms.forEach(({ vmId, name, placeholderId }, index) => {
      const content = { kind: "RESTORE_PLACEHOLDER", spec: { site, placeholderId } } as const;
      const removed = removals[index];
      const details = { of: [vmId], vmId, name: `Restore placeholder of ${name}`, siteId };
      tree.leaf(parent, content, { ...details, ...(removed === undefined ? {} : behind(removed)) });
    });
    for (const { placeholderId, name } of placeholders) {
      const content = { kind: "RESTORE_PLACEHOLDER", spec: { site, placeholderId } } as const;
      tree.leaf(parent, content, { of: [placeholderId], name: `Restore placeholder ${name}`, siteId });
    }
  }
  if (snapshots.length + networks.length > 0) {
    // After, not needs: one VM that stays must not keep all the rest; the site refuses what is still used.
    const details = { name: "Discard snapshots and isolated networks", after: [...containers] };
    const parent = tree.container(null, "DISCARD_TEST_STORAGE", details);
    containers.push(parent);
    for (const { groupId, groupName, snapshotId } of snapshots) {
      const content = { kind: "DISCARD_SNAPSHOT", spec: { site, snapshotId } } as const;
      tree.leaf(parent, content, { of: [groupId], groupId, name: `Discard snapshot of ${groupName}`, siteId });
    }
    for (const { name, networkId } of networks) {
      tree.leaf(
        parent,
        { kind: "REMOVE_NETWORK", spec: { site, networkId } },
        { of: [name], name: `Remove isolated network ${name}`, siteId },
      );
    }
  }
  const spec = { sites: [site], testRunId: snapshot.testRunId };
  tree.leaf(null, { kind: "LEAK_AUDIT", spec }, { name: "Audit what is left of the test", siteId, after: containers });
}
