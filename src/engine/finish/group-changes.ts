/** What the end of a group's run changes, as its statement takes it. */
import type { GroupDeleteSnapshot } from "../group-snapshot.ts";
import type { RunWarning } from "../run-snapshot.ts";

export type ReplicationEnd = "SYNCED" | "ERROR" | "NOT_REPLICATED";

export interface MemberEnd {
  readonly vmId: string;
  /** It is a member no more. */
  readonly leaves: boolean;
  readonly state: "SHADOWING" | "NOT_SHADOWING" | "NOT_CONFIGURED" | "ERROR";
  readonly placeholderId: string | null;
  /** Null: as it was. */
  readonly replication: ReplicationEnd | null;
  readonly fault: RunWarning | null;
}

/** A deletion that takes back what a cancelled creation has made. */
export interface RollBack {
  readonly runId: string;
  readonly snapshot: GroupDeleteSnapshot;
}

export interface GroupEnd {
  readonly groupId: string;
  readonly state: "READY" | "ERROR" | "DELETING";
  /** The group's row is deleted, with all that belongs to it. */
  readonly gone: boolean;
  readonly fault: RunWarning | null;
  /** Members that have changed. */
  readonly members: readonly MemberEnd[];
  /** Of the group's source datastores; null: as it was. */
  readonly datastores: ReplicationEnd | null;
  readonly dropsPoints: boolean;
  readonly rollBack: RollBack | null;
}

/** What most ends have in common. */
export const plainEnd = {
  state: "READY",
  gone: false,
  fault: null,
  members: [],
  datastores: null,
  dropsPoints: false,
  rollBack: null,
} as const satisfies Omit<GroupEnd, "groupId">;
