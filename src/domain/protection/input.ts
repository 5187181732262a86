/** What a new group shall be, as it was asked for; checked for its shape, before anything is read. */
import { checkId, checkInt, checkName, checkText, type FieldErrors, fieldErrors, type Path } from "../field-errors.ts";
import type { NodeType } from "../ids.ts";

type Maybe<T> = T | null | undefined;

export interface StorageGroupInput {
  readonly sourceDatastoreIds: readonly string[];
  readonly targetDatastoreId: string;
}

/** Exactly one member is there, as the schema's @oneOf has it. Ids are global. */
export interface GroupSpecification {
  readonly replication?: Maybe<{ readonly storageGroups?: Maybe<readonly StorageGroupInput[]>; readonly vmIds?: Maybe<readonly string[]> }>;
  readonly snapshot?: Maybe<{ readonly vmIds: readonly string[]; readonly intervalMinutes: number; readonly retention: number }>;
  readonly continuous?: Maybe<{ readonly vmIds: readonly string[]; readonly consistencyGroups?: Maybe<boolean> }>;
}

export interface CreateGroupInput {
  readonly name: string;
  readonly description?: Maybe<string>;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly rpoMinutes?: Maybe<number>;
  readonly pointInTimeInstances?: Maybe<number>;
  readonly specification: GroupSpecification;
  readonly idempotencyKey?: Maybe<string>;
}

export interface WantedStorageGroup {
  readonly sourceIds: readonly string[];
  readonly targetId: string;
}

/** Where in the input the VMs or datastores are named, and which they are: database ids, in the input's order. */
export type WantedMembers =
  | { readonly by: "DATASTORES"; readonly path: Path; readonly storageGroups: readonly WantedStorageGroup[] }
  | { readonly by: "VMS"; readonly path: Path; readonly vmIds: readonly string[] };

export interface WantedGroup {
  readonly name: string;
  readonly description: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly type: "REPLICATION" | "SNAPSHOT" | "CONTINUOUS";
  readonly replicationType: "SAN" | "HOST" | "SNAPSHOT" | "CONTINUOUS";
  readonly rpoMinutes: number;
  readonly pointInTimeInstances: number;
  readonly consistencyGroups: boolean;
  readonly snapshotIntervalMinutes: number | null;
  readonly snapshotRetention: number | null;
  readonly members: WantedMembers;
}

export const limits = { rpoMinutes: 10_080, points: 64, description: 4_096, plainRpoMinutes: 15 } as const;

/** Throws InvalidRequestError with everything that is wrong. */
export function wantedGroup(input: CreateGroupInput): WantedGroup {
  const errors = fieldErrors();
  const common = {
    name: checkName(errors, ["name"], input.name),
    description: input.description ?? "",
    protectedSiteId: checkId(errors, ["protectedSiteId"], "Site", input.protectedSiteId),
    recoverySiteId: checkId(errors, ["recoverySiteId"], "Site", input.recoverySiteId),
    rpoMinutes: input.rpoMinutes ?? limits.plainRpoMinutes,
    pointInTimeInstances: input.pointInTimeInstances ?? 1,
    consistencyGroups: false,
    snapshotIntervalMinutes: null,
    snapshotRetention: null,
  };
  checkText(errors, ["description"], input.description, limits.description);
  checkInt(errors, ["rpoMinutes"], input.rpoMinutes, 1, limits.rpoMinutes);
  checkInt(errors, ["pointInTimeInstances"], input.pointInTimeInstances, 1, limits.points);
  if (common.protectedSiteId !== "" && common.protectedSiteId === common.recoverySiteId)
    errors.add(["recoverySiteId"], "A group is recovered at another site than the one that it is protected at.");
  const wanted = { ...common, ...specified(errors, input, common.rpoMinutes) };
  errors.check();
  return wanted;
}

type Specified = Pick<WantedGroup, "type" | "replicationType" | "members"> & Partial<WantedGroup>;

function specified(errors: FieldErrors, { specification, pointInTimeInstances }: CreateGroupInput, rpoMinutes: number): Specified {
  const { replication, snapshot, continuous } = specification;
  const vms = (type: string, ids: readonly string[]): WantedMembers => {
    const path = ["specification", type, "vmIds"];
    return { by: "VMS", path, vmIds: checkList(errors, path, "VirtualMachine", ids) };
  };
  if (snapshot) {
    const { intervalMinutes, retention, vmIds } = snapshot;
    checkSnapshots(errors, ["specification", "snapshot"], { intervalMinutes, retention, rpoMinutes, pointInTimeInstances });
    return {
      type: "SNAPSHOT",
      replicationType: "SNAPSHOT",
      members: vms("snapshot", vmIds),
      snapshotIntervalMinutes: intervalMinutes,
      snapshotRetention: retention,
      pointInTimeInstances: retention,
    };
  }
  if (continuous) {
    const members = vms("continuous", continuous.vmIds);
    return { type: "CONTINUOUS", replicationType: "CONTINUOUS", members, consistencyGroups: continuous.consistencyGroups ?? false };
  }
  if (replication?.vmIds) return { type: "REPLICATION", replicationType: "HOST", members: vms("replication", replication.vmIds) };
  const path = ["specification", "replication", "storageGroups"];
  const members = { by: "DATASTORES", path, storageGroups: checkStorageGroups(errors, path, replication?.storageGroups ?? []) } as const;
  return { type: "REPLICATION", replicationType: "SAN", members };
}

export interface WantedSnapshots {
  readonly intervalMinutes: number;
  readonly retention: number;
  readonly rpoMinutes: number;
  /** As it was given: it may be left out. */
  readonly pointInTimeInstances: Maybe<number>;
}

/** A group keeps as many points as it keeps snapshots, and takes them as often as its RPO asks for. */
export function checkSnapshots(
  errors: FieldErrors,
  path: Path,
  { intervalMinutes, retention, rpoMinutes, pointInTimeInstances }: WantedSnapshots,
): void {
  checkInt(errors, [...path, "intervalMinutes"], intervalMinutes, 1, limits.rpoMinutes);
  checkInt(errors, [...path, "retention"], retention, 1, limits.points);
  if (intervalMinutes > rpoMinutes)
    errors.add(
      [...path, "intervalMinutes"],
      `A snapshot every ${intervalMinutes} minutes can't keep an RPO of ${rpoMinutes} minutes: take them more often, or give a higher rpoMinutes.`,
    );
  if (pointInTimeInstances !== null && pointInTimeInstances !== undefined && pointInTimeInstances !== retention)
    errors.add(
      ["pointInTimeInstances"],
      `A SNAPSHOT group has as many points as snapshots: leave it out, or give ${retention} as retention is.`,
    );
}

/** Database ids; at least one, each once. */
export function checkList(errors: FieldErrors, path: Path, type: NodeType, ids: readonly string[], seen = new Set<string>()): string[] {
  if (ids.length === 0) errors.add(path, "Name at least one.");
  return ids.map((globalId, at) => {
    const id = checkId(errors, [...path, at], type, globalId);
    if (id !== "" && seen.has(id)) errors.add([...path, at], "It is named twice.");
    seen.add(id);
    return id;
  });
}

export function checkStorageGroups(errors: FieldErrors, path: Path, groups: readonly StorageGroupInput[]): WantedStorageGroup[] {
  if (groups.length === 0) errors.add(path, "Name at least one storage group.");
  const seen = new Set<string>();
  return groups.map(({ sourceDatastoreIds, targetDatastoreId }, at) => ({
    sourceIds: checkList(errors, [...path, at, "sourceDatastoreIds"], "Datastore", sourceDatastoreIds, seen),
    targetId: checkId(errors, [...path, at, "targetDatastoreId"], "Datastore", targetDatastoreId),
  }));
}
