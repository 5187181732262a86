/** A change of a plan between two snapshots, and how such are found. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { SnapshotGroup, SnapshotPriorityGroup, SnapshotSite, SnapshotTestNetwork, SnapshotVm } from "../../engine/run-snapshot.ts";
import type { FindingObject } from "./found.ts";

export const changeKinds = {
  DIRECTION: "The sites that it is between: it was turned round.",
  GROUP: "A protection group of the plan.",
  VM: "A VM of the plan.",
  VM_SETTING: "A recovery setting of a VM: `field` names it.",
  MAPPING: "Where a VM is put: the network of an adapter, its folder or its resource pool.",
  VM_COMMAND: "A command of a VM.",
  STEP: "A step of a priority group: command, prompt or pause.",
  ORDER: "When something comes: the priority of a group, or the place of a step.",
} as const;
export type ChangeKind = keyof typeof changeKinds;

export interface PlanChange {
  readonly kind: ChangeKind;
  readonly change: "ADDED" | "REMOVED" | "CHANGED";
  readonly object: FindingObject;
  /** What of it; null: the thing as a whole. */
  readonly field: string | null;
  /** As a text; null: there was none, or there is none now. */
  readonly before: string | null;
  readonly after: string | null;
}

export type ComparedVm = SnapshotVm & { readonly shutdownDelaySeconds?: number };

/** What a snapshot says of the plan itself. */
export interface Compared {
  readonly protectedSite: Pick<SnapshotSite, "id" | "name">;
  readonly recoverySite: Pick<SnapshotSite, "id" | "name">;
  readonly groups: readonly SnapshotGroup[];
  readonly priorityGroups: readonly SnapshotPriorityGroup[];
  readonly testNetworks: readonly SnapshotTestNetwork[];
  /** Those of tests have a shutdown delay too. */
  readonly vms: readonly ComparedVm[];
}

interface Comparing<T> {
  added(now: T): PlanChange[];
  removed(then: T): PlanChange[];
  both(then: T, now: T): PlanChange[];
}

/** By id, in the order that they have now; what is gone comes last. */
export function compare<T extends { readonly id: string }>(before: readonly T[], after: readonly T[], with_: Comparing<T>): PlanChange[] {
  const then = new Map(before.map((one) => [one.id, one]));
  const ids = new Set(after.map(({ id }) => id));
  const kept = after.flatMap((now) => {
    const was = then.get(now.id);
    return was === undefined ? with_.added(now) : with_.both(was, now);
  });
  return [...kept, ...before.filter(({ id }) => !ids.has(id)).flatMap((gone) => with_.removed(gone))];
}

const bare = { field: null, before: null, after: null } as const;
export const added = (kind: ChangeKind, object: FindingObject): PlanChange => ({ kind, change: "ADDED", object, ...bare });
export const removed = (kind: ChangeKind, object: FindingObject): PlanChange => ({ kind, change: "REMOVED", object, ...bare });
export const changed = (kind: ChangeKind, object: FindingObject, field: string | null, before: unknown, after: unknown): PlanChange => ({
  kind,
  change: "CHANGED",
  object,
  field,
  before: asText(before),
  after: asText(after),
});

/** One is written down as JSON: fields in another order, and ones that are left out, are no change. */
export const isAlike = (before: unknown, after: unknown): boolean => isDeepStrictEqual(normal(before), normal(after));
const normal = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

export const changedIf = (kind: ChangeKind, object: FindingObject, field: string, before: unknown, after: unknown): PlanChange[] =>
  isAlike(before, after) ? [] : [changed(kind, object, field, before, after)];

const mostCharacters = 500;

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(", ") : value;
  return (typeof text === "string" ? text : JSON.stringify(text)).slice(0, mostCharacters);
}
