/** What an evaluation finds, before it is compared with what was known. Pure. */
import type { FindingSeverity } from "../../database/generated/enums.ts";
import { listed } from "../listed.ts";
import type { ReadinessCode } from "./rules.ts";

/** Kinds of runs that something is in the way of. */
export const recoveryTypes = ["DISASTER", "PLANNED", "TEST"] as const;
export type RecoveryType = (typeof recoveryTypes)[number];

export const objectTypes = [
  "RecoveryPlan",
  "ProtectionGroup",
  "VirtualMachine",
  "Site",
  "Network",
  "Folder",
  "ResourcePool",
  "Datastore",
  "Program",
  "Secret",
] as const;
export type ObjectType = (typeof objectTypes)[number];

/** What something is about. Programs and secrets have no id, nor has what is gone. */
export interface FindingObject {
  readonly type: ObjectType;
  readonly id: string | null;
  readonly name: string;
}

export interface Found {
  readonly code: ReadinessCode;
  readonly severity: FindingSeverity;
  readonly object: FindingObject;
  readonly recoveryTypes: readonly RecoveryType[];
  readonly message: string;
  readonly remedy: string;
}

/** A finding is the same as long as its code and its object are. */
export const keyOf = ({ code, object: { type, id, name } }: Pick<Found, "code" | "object">): string => `${code} ${type} ${id ?? name}`;

/** So many objects of one code are told one by one; the others are counted in the last one's place. */
export const mostOfOneCode = 100;
const mostMessages = 3;

/** One for each code and object: the worse severity, all kinds of runs, and what is said of it differently. */
export function merged(found: readonly Found[]): Found[] {
  const byKey = [...Map.groupBy(found, keyOf).values()].map(mergeOne);
  return [...Map.groupBy(byKey, ({ code }) => code).values()].flatMap(bounded);
}

function mergeOne(same: readonly Found[]): Found {
  const [first] = same;
  if (first === undefined) throw new RangeError("a finding is made of one at least");
  return {
    ...first,
    severity: same.some(({ severity }) => severity === "BLOCKER") ? "BLOCKER" : "WARNING",
    recoveryTypes: recoveryTypes.filter((type) => same.some((one) => one.recoveryTypes.includes(type))),
    message: joined(same.map(({ message }) => message)),
    remedy: joined(same.map(({ remedy }) => remedy)),
  };
}

const joined = (sentences: readonly string[]): string => [...new Set(sentences)].slice(0, mostMessages).join(" ");

function bounded(ofOneCode: readonly Found[]): Found[] {
  if (ofOneCode.length <= mostOfOneCode) return [...ofOneCode];
  const sorted = ofOneCode.toSorted((a, b) => (a.object.name < b.object.name ? -1 : 1));
  const rest = sorted.slice(mostOfOneCode - 1);
  const [first] = rest;
  if (first === undefined) return sorted;
  const message = `${first.message} The same holds for ${rest.length - 1} more: ${listed(rest.slice(1).map(({ object }) => object.name))}.`;
  return [...sorted.slice(0, mostOfOneCode - 1), { ...first, message }];
}
