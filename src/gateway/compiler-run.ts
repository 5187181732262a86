/** How a compiled operation runs: the fields of its objects, and how their values are completed. */
import {
  defaultTypeResolver,
  type ExecutionResult,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLOutputType,
  getArgumentValues,
} from "graphql";
import { RowBytes } from "../database/row-bytes.ts";
import { ListedEdges } from "../domain/connections.ts";
import { Place, type PlannedField, type ResponsePath, type Run } from "./compiler-place.ts";
import { type ListWriter, textOf } from "./compiler-text.ts";
import type { RowField } from "./row-json.ts";

/** `stringify`: where its text can be had sooner than by JSON.stringify; yoga, too, asks for it by this name. */
interface Result extends ExecutionResult {
  readonly stringify?: () => string;
}
export type Answer = Result | Promise<Result>;

/** Answers what the answer has, or a promise of it; throws what makes it null. `path`: an item's; null: the field's own. */
export type Complete = (place: Place, value: unknown, path: ResponsePath | null) => unknown;

/** What is selected on an object of one type. */
export interface Selected {
  readonly plans: readonly FieldPlan[];
  /** An object with all of their keys, to be copied: one shape for all of them, made once. */
  readonly empty: Fields;
  /** Of lists that are shared. */
  readonly answers: WeakMap<readonly unknown[], readonly Fields[] | null>;
  /** Properties of their objects alone. */
  readonly isPlain: boolean;
  /** Where all of it can be written from rows as they came. */
  readonly writer: ListWriter | null;
  /** A list that can be so is in it, however deep. */
  readonly hasWritten: boolean;
}

export interface FieldPlan extends PlannedField {
  /** In the answer. */
  readonly key: string;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly complete: Complete;
  /** The same each time: none of them is a variable. Null: they depend on the variables. */
  readonly args: Readonly<Record<string, unknown>> | null;
  /** A property of its object, as it is; null: there is more to it. */
  readonly plain: { readonly property: string; readonly type: GraphQLLeafType } | null;
  /** Null: not by this. */
  readonly from: RowField["from"] | null;
  /** What is selected on its objects, if they are of one type. */
  readonly inner: Selected | null;
}

type Fields = Record<string, unknown>;

export function answerOf(run: Run, selected: Selected): Answer {
  const answer = (data: Fields | null): Result => {
    if (run.errors.all.length > 0) return { errors: run.errors.all, data };
    return selected.hasWritten ? { data, stringify: () => `{"data":${textOf(data, selected)}}` } : { data };
  };
  const failed = (error: GraphQLError) => {
    run.errors.add(error, undefined);
    return answer(null);
  };
  try {
    const data = executeFields(run, selected, run.rootValue, undefined);
    return isPromise(data) ? data.then(answer, failed) : answer(data);
  } catch (error) {
    if (error instanceof GraphQLError) return failed(error); // which is all that leaves a field
    throw error;
  }
}

export function executeFields(
  run: Run,
  { plans, empty }: Selected,
  source: unknown,
  path: ResponsePath | undefined,
): Fields | Promise<Fields> {
  const results = { ...empty };
  let pending: { readonly keys: string[]; readonly promises: unknown[] } | null = null;
  try {
    for (const plan of plans) {
      const result = executeField(run, plan, source, path);
      results[plan.key] = result;
      if (!isPromise(result)) continue;
      pending ??= { keys: [], promises: [] };
      pending.keys.push(plan.key);
      pending.promises.push(result);
    }
  } catch (error) {
    if (pending === null) throw error;
    const failed = () => Promise.reject(error);
    return Promise.all(pending.promises).then(failed, failed); // the others may fail too, and nobody else would hear of it
  }
  if (pending === null) return results;
  const { keys, promises } = pending;
  return Promise.all(promises).then((values) => {
    for (const [at, key] of keys.entries()) results[key] = values[at];
    return results;
  });
}

/** Most fields of most rows: text, a number or a boolean that is there. Undefined: it is something else, or something is wrong with it. */
function plainValue({ plain }: FieldPlan, source: unknown): unknown {
  if (plain === null || typeof source !== "object" || source === null) return undefined;
  const value: unknown = Reflect.get(source, plain.property);
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  try {
    return plain.type.serialize(value) ?? undefined;
  } catch {
    return undefined; // it will be told on the long way
  }
}

function executeField(run: Run, plan: FieldPlan, source: unknown, parent: ResponsePath | undefined): unknown {
  const quick = plainValue(plan, source);
  if (quick !== undefined) return quick;
  const { field, nodes, resolve, complete } = plan;
  const place = new Place(run, plan, parent);
  const failed = (error: unknown) => place.failed(error, field.type, place.path);
  const completed = (value: unknown): unknown => {
    try {
      const made = complete(place, value, null);
      return isPromise(made) ? made.then(undefined, failed) : made;
    } catch (error) {
      return failed(error);
    }
  };
  let value: unknown;
  try {
    const [node] = nodes;
    const args = plan.args === null && node ? getArgumentValues(field, node, run.variableValues) : { ...plan.args };
    value = resolve(source, args, run.contextValue, place);
  } catch (error) {
    return failed(error);
  }
  return isPromise(value) ? value.then(completed, failed) : completed(value);
}

export const isPromise = <T>(value: T | PromiseLike<T>): value is Promise<T> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

export const nonNull =
  (complete: Complete): Complete =>
  (place, value, path) => {
    const completed = complete(place, value, path);
    if (completed !== null) return completed;
    throw new Error(`Cannot return null for non-nullable field ${place.parentType.name}.${place.fieldName}.`);
  };

export const present =
  (complete: Complete): Complete =>
  (place, value, path) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    return complete(place, value, path);
  };

export const leaf =
  (type: GraphQLLeafType): Complete =>
  (_place, value) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    const serialized: unknown = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    throw new Error(`Expected \`${type.name}.serialize\` to return non-nullable value, returned: ${String(serialized)}`);
  };

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.iterator in value && typeof value[Symbol.iterator] === "function";

/** `selected`: on an item, where it is an object of one type. */
export const list = (itemType: GraphQLOutputType, complete: Complete, selected: Selected | null): Complete =>
  present((place, value, at) => {
    if (!isIterable(value))
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${place.parentType.name}.${place.fieldName}".`);
    const written = value instanceof RowBytes || value instanceof ListedEdges ? selected?.writer?.written(value) : null;
    if (written) return written;
    const rows = value instanceof RowBytes ? value.objects : value;
    const shared = selected?.isPlain && Array.isArray(rows) && Object.isFrozen(rows) ? sharedItems(selected, rows) : null;
    if (shared !== null) return shared;
    const prev = at ?? place.path;
    const results: unknown[] = [];
    let hasPromise = false;
    for (const item of rows) {
      const result = completeItem(place, itemType, complete, item, { prev, key: results.length, typename: undefined });
      hasPromise ||= isPromise(result);
      results.push(result);
    }
    return hasPromise ? Promise.all(results) : results;
  });

/**
 * Requests that read the same at the same time have one frozen list of rows: what is answered of it is made once for them all. Null: something in
 * it is not plain, or wrong.
 */
function sharedItems(selected: Selected, rows: readonly unknown[]): readonly Fields[] | null {
  const known = selected.answers.get(rows);
  if (known !== undefined) return known;
  const items = plainItems(selected, rows);
  selected.answers.set(rows, items);
  return items;
}

function plainItems(selected: Selected, rows: readonly unknown[]): readonly Fields[] | null {
  const items: Fields[] = [];
  for (const row of rows) {
    if (!Object.isFrozen(row) || row instanceof Error) return null;
    const item = { ...selected.empty };
    for (const plan of selected.plans) {
      const value = plainValue(plan, row);
      if (value === undefined) return null;
      item[plan.key] = value;
    }
    items.push(item);
  }
  return Object.freeze(items);
}

function completeItem(place: Place, type: GraphQLOutputType, complete: Complete, item: unknown, path: ResponsePath): unknown {
  try {
    const completed = isPromise(item) ? item.then((resolved) => complete(place, resolved, path)) : complete(place, item, path);
    return isPromise(completed) ? completed.then(undefined, (error) => place.failed(error, type, path)) : completed;
  } catch (error) {
    return place.failed(error, type, path);
  }
}

export const abstract =
  (type: GraphQLAbstractType, members: ReadonlyMap<string, Complete>): Complete =>
  (place, value, path) => {
    const completeAs = (name: string | undefined) => {
      const complete = members.get(name ?? "");
      if (complete) return complete(place, value, path);
      const message = `Abstract type "${type.name}" was resolved to "${name}" for field "${place.parentType.name}.${place.fieldName}".`;
      throw new GraphQLError(message, { nodes: place.fieldNodes });
    };
    const name = (type.resolveType ?? defaultTypeResolver)(value, place.run.contextValue, place, type);
    return isPromise(name) ? name.then(completeAs) : completeAs(name);
  };
