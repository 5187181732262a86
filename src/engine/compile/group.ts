/** Runs of a protection group: what protects its VMs at the recovery site is made, changed or taken back. */

import type { FormerMember, GroupCreateSnapshot, GroupDeleteSnapshot, GroupUpdateSnapshot, NewMember } from "../group-snapshot.ts";
import type { SiteRef } from "../model.ts";
import type { SnapshotGroup, SnapshotStorageGroup } from "../run-snapshot.ts";
import { siteRef } from "./sites.ts";
import type { StepDetails, Tree } from "./tree.ts";

interface Place {
  readonly tree: Tree;
  readonly site: SiteRef;
  readonly groupId: string;
}

/** The group is what all steps are about; each works at one site. */
const about = ({ site, groupId }: Place, name: string, more: Partial<StepDetails> = {}): StepDetails => ({
  of: [groupId],
  name,
  siteId: site.siteId,
  groupId,
  ...more,
});

export function compileGroupCreate(tree: Tree, snapshot: GroupCreateSnapshot): void {
  const { group, storageGroups, vms, protectedSite, recoverySite, abandoned = [] } = snapshot;
  const place: Place = { tree, site: siteRef(recoverySite), groupId: group.id };
  const source = siteRef(protectedSite);
  const sourceVmIds = vms.map(({ externalId }) => externalId);
  const datastores = storageGroups.flatMap(({ sources }) => sources);
  const discovered: number[] = [];
  if (datastores.length > 0) {
    const spec = { site: source, datastores, vmIds: sourceVmIds };
    const details = about({ ...place, site: source }, "Discover datastores");
    discovered.push(tree.leaf(null, { kind: "DISCOVER_DATASTORES", spec }, details));
  }
  const after = stopAbandoned(place, abandoned);
  const { externalId: groupId, name } = group;
  const spec = { site: place.site, groupId, name, sourceSiteId: source.externalId, sourceVmIds, storageGroups };
  const details = about(place, "Configure replication", { needs: discovered, after });
  const configured = tree.leaf(null, { kind: "CONFIGURE_REPLICATION", spec }, details);
  addFirstSynchronisation(place, groupId, configured, createPlaceholders(place, vms, configured));
}

/** New members first: a failure with those that leave must not keep them waiting. */
export function compileGroupUpdate(tree: Tree, snapshot: GroupUpdateSnapshot): void {
  const { group, storageGroups, added, removed, protectedSite, recoverySite, abandoned = [] } = snapshot;
  const place: Place = { tree, site: siteRef(recoverySite), groupId: group.id };
  const { externalId: groupId } = group;
  const synchronised: number[] = [];
  const changed = storageGroups === undefined ? [] : [changeStorage(place, snapshot, storageGroups)];
  if (added.length > 0) {
    const sourceVmIds = added.map(({ externalId }) => externalId);
    const spec = { site: place.site, groupId, sourceSiteId: protectedSite.externalId, sourceVmIds };
    const details = about(place, "Add to replication", { needs: changed, after: stopAbandoned(place, abandoned) });
    const joined = tree.leaf(null, { kind: "ADD_TO_REPLICATION", spec }, details);
    synchronised.push(addFirstSynchronisation(place, groupId, joined, createPlaceholders(place, added, joined)));
  }
  if (removed.length === 0) return;
  const spec = { site: place.site, groupId, sourceVmIds: removed.map(({ externalId }) => externalId) };
  const details = about(place, "Remove from replication", { after: [...changed, ...synchronised] });
  const left = tree.leaf(null, { kind: "REMOVE_FROM_REPLICATION", spec }, details);
  removePlaceholders(place, removed, [], { needs: [left] });
}

/** With force each step is tried, whatever became of the one before it. */
export function compileGroupDelete(tree: Tree, { group, vms, force, rollsBack, recoverySite }: GroupDeleteSnapshot): void {
  const place: Place = { tree, site: siteRef(recoverySite), groupId: group.id };
  const spec = { site: place.site, groupId: group.externalId };
  const stopped = tree.leaf(null, { kind: "STOP_REPLICATION", spec }, about(place, "Stop replication"));
  const inDoubt = rollsBack?.inDoubt.map((vm) => ({ vm, madeBy: rollsBack.runId })) ?? [];
  removePlaceholders(place, vms, inDoubt, force ? { after: [stopped] } : { needs: [stopped] });
}

/** Members come and go with their datastores, so these are changed first. */
function changeStorage(
  place: Place,
  { group, protectedSite }: GroupUpdateSnapshot,
  storageGroups: readonly SnapshotStorageGroup[],
): number {
  const { tree, site } = place;
  const spec = { site, groupId: group.externalId, sourceSiteId: protectedSite.externalId, storageGroups };
  return tree.leaf(null, { kind: "CHANGE_STORAGE", spec }, about(place, "Configure storage groups"));
}

/** What a forced deletion could not stop has VMs that this run wants. */
function stopAbandoned(place: Place, groups: readonly SnapshotGroup[]): number[] {
  const { tree, site } = place;
  return groups.map(({ externalId, name }) => {
    const details = about(place, `Stop replication of ${name}, which was deleted`, { of: [externalId] });
    return tree.leaf(null, { kind: "STOP_REPLICATION", spec: { site, groupId: externalId } }, details);
  });
}

/** Answers what the synchronisation comes after. */
function createPlaceholders(place: Place, vms: readonly NewMember[], replicated: number): number[] {
  const { tree, site } = place;
  if (vms.length === 0) return [];
  const parent = tree.container(null, "CREATE_PLACEHOLDERS", about(place, "Create placeholders", { needs: [replicated] }));
  for (const { id, name, externalId, placeholderName, folderId, resourcePoolId } of vms) {
    const spec = { site, sourceVmId: externalId, name: placeholderName, folderId, resourcePoolId };
    const details = about(place, `Create placeholder of ${name}`, { of: [id], vmId: id });
    tree.leaf(parent, { kind: "CREATE_PLACEHOLDER", spec }, details);
  }
  return [parent];
}

/** One VM without a placeholder must not keep the others' data from being copied. */
function addFirstSynchronisation(place: Place, groupId: string, replicated: number, after: readonly number[]): number {
  const details = about(place, "Synchronise for the first time", { needs: [replicated], after });
  return place.tree.leaf(null, { kind: "SYNCHRONISE", spec: { site: place.site, groupId } }, details);
}

type InDoubt = { readonly vm: NewMember; readonly madeBy: string };

function removePlaceholders(
  place: Place,
  vms: readonly FormerMember[],
  inDoubt: readonly InDoubt[],
  edges: Pick<StepDetails, "after" | "needs">,
): void {
  const { tree, site } = place;
  const known = vms.flatMap(({ id, name, placeholderId }) =>
    placeholderId === null ? [] : [{ id, name, placeholder: { id: placeholderId } }],
  );
  const unknown = inDoubt.map(({ vm, madeBy }) => ({ id: vm.id, name: vm.name, placeholder: { madeBy, name: vm.placeholderName } }));
  if (known.length + unknown.length === 0) return;
  const parent = tree.container(null, "REMOVE_PLACEHOLDERS", about(place, "Remove placeholders", edges));
  for (const { id, name, placeholder } of [...known, ...unknown]) {
    const details = about(place, `Remove placeholder of ${name}`, { of: [id], vmId: id });
    tree.leaf(parent, { kind: "REMOVE_PLACEHOLDER", spec: { site, placeholder } }, details);
  }
}
