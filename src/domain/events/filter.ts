/** Which changes a client wants, from what it asks for. */
import type { Change } from "../../events/changes.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { decodeId, idOf } from "../ids.ts";
import { type ChangeEventKind, changeEventKinds, subjects } from "./types-kinds.ts";

export interface AskedFilter {
  readonly kinds?: readonly ChangeEventKind[] | null | undefined;
  readonly subjectIds?: readonly string[] | null | undefined;
  readonly planId?: string | null | undefined;
}

export interface ChangeFilter {
  readonly kinds: readonly ChangeEventKind[];
  /** Left out: all of those kinds. */
  readonly matches?: (change: Change) => boolean;
  /** The same for the same objects, in whatever order they are named. */
  readonly matchesKey?: string;
}

const mostSubjects = 500;
const known: ReadonlySet<string> = new Set(Object.values(subjects).map(({ type }) => type));

/** Everything that is given must hold. Throws InvalidRequestError for what can't be an answer to anything. */
export function changeFilter({ kinds, subjectIds, planId }: AskedFilter): ChangeFilter {
  const errors = fieldErrors();
  if (kinds?.length === 0) errors.add(["filter", "kinds"], "Name at least one kind, or leave kinds out for all of them.");
  const ids = subjectIds === null || subjectIds === undefined ? null : checkedIds(errors, subjectIds);
  errors.check();
  const plan = planId === null || planId === undefined ? null : idOf("RecoveryPlan", planId, ["filter", "planId"]);
  const matches = ({ id, plans }: Change) => (ids === null || ids.has(id)) && (plan === null || (plans?.includes(plan) ?? false));
  const matchesKey = JSON.stringify([ids && [...ids].sort(), plan]);
  return { kinds: kinds ?? changeEventKinds, ...(ids === null && plan === null ? {} : { matches, matchesKey }) };
}

function checkedIds(errors: FieldErrors, given: readonly string[]): ReadonlySet<string> {
  const path = ["filter", "subjectIds"];
  if (given.length === 0) errors.add(path, "Name at least one object, or leave subjectIds out for all of them.");
  if (given.length > mostSubjects) errors.add(path, `At most ${mostSubjects} ids; these are ${given.length}.`);
  const ids = new Set<string>();
  for (const [at, globalId] of given.slice(0, mostSubjects).entries()) {
    const { typename, id } = decodeId(globalId, [...path, String(at)]);
    ids.add(id);
    if (!known.has(typename)) errors.add([...path, at], `This is the id of a ${typename}, of which there are no events here.`);
  }
  return ids;
}
