/** What runs of a protection group work on: resolved values, like those of a plan's runs (run-snapshot.ts). */
import type { SnapshotBase, SnapshotGroup, SnapshotStorageGroup } from "./run-snapshot.ts";

/** A VM that becomes a member of its group. */
export interface NewMember {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly placeholderName: string;
  /** At the recovery site, as the provider knows them: a folder's path, a resource pool's name. Null: the provider chooses. */
  readonly folderId: string | null;
  readonly resourcePoolId: string | null;
}

/** A VM that ceases to be a member of its group. */
export interface FormerMember {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  /** The provider's id of its placeholder; null: it never got one. */
  readonly placeholderId: string | null;
}

interface GroupSnapshotBase extends SnapshotBase {
  /** The external id is chosen by the gateway, and never used for another group. */
  readonly group: SnapshotGroup;
}

/** A run that protects VMs. */
interface ProtectingSnapshot extends GroupSnapshotBase {
  /** Deleted groups that their site may still replicate, and that have some of these VMs: they are stopped first. Missing: none. */
  readonly abandoned?: readonly SnapshotGroup[];
}

/** Replication, placeholders and the first synchronisation of a new group. */
export interface GroupCreateSnapshot extends ProtectingSnapshot {
  readonly kind: "GROUP_CREATE";
  readonly storageGroups: readonly SnapshotStorageGroup[];
  readonly vms: readonly NewMember[];
}

/** VMs that are added to a group, and others that are removed from it; its storage groups, when these have changed. */
export interface GroupUpdateSnapshot extends ProtectingSnapshot {
  readonly kind: "GROUP_UPDATE";
  /** All of them as they shall be. Missing: they stay as they are. */
  readonly storageGroups?: readonly SnapshotStorageGroup[];
  readonly added: readonly NewMember[];
  readonly removed: readonly FormerMember[];
}

/** Everything of a group is taken back. */
export interface GroupDeleteSnapshot extends GroupSnapshotBase {
  readonly kind: "GROUP_DELETE";
  /** Failures become warnings, and the group is deleted all the same. */
  readonly force: boolean;
  readonly vms: readonly FormerMember[];
  /** The cancelled creation that this rolls back; null: the group is deleted for its own sake. */
  readonly rollsBack: {
    readonly runId: string;
    /** VMs whose placeholders it may have made without hearing of it. */
    readonly inDoubt: readonly NewMember[];
  } | null;
}

export type GroupSnapshot = GroupCreateSnapshot | GroupUpdateSnapshot | GroupDeleteSnapshot;
