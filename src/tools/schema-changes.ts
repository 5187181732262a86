/** What changed in the schema since the last release, and whether it may: a client that was written for that release must go on working. */
import { type Change, CriticalityLevel, diff } from "@graphql-inspector/core";
import { type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from "graphql";

export interface SchemaChanges {
  /** They break clients, and so must not be made. */
  readonly breaking: readonly string[];
  /** They are allowed, and a careless client may notice: a new enum value or union member, the end of something deprecated. */
  readonly dangerous: readonly string[];
}

/** `today` as YYYY-MM-DD: what is deprecated may go after the day that its reason names. */
export async function schemaChanges(released: GraphQLSchema, now: GraphQLSchema, today: string): Promise<SchemaChanges> {
  const changes = await diff(released, now, [allowRemovals(released, today)]);
  const of = (level: CriticalityLevel) => changes.filter(({ criticality }) => criticality.level === level).map(({ message }) => message);
  return { breaking: of(CriticalityLevel.Breaking), dangerous: of(CriticalityLevel.Dangerous) };
}

/** What is deprecated without saying when it goes, as "Use x. Goes after 2027-01-31." */
export function undatedDeprecations(schema: GraphQLSchema): string[] {
  return members(schema).flatMap(({ path, deprecationReason }) => (deprecationReason && !lastDay(deprecationReason) ? [path] : []));
}

function allowRemovals(released: GraphQLSchema, today: string): (given: { changes: Change[] }) => Change[] {
  const reasons = new Map(members(released).map(({ path, deprecationReason }) => [path, deprecationReason]));
  const mayGo = ({ type, path }: Change): boolean => {
    // Each use of the type is judged by itself: without a removed field, argument or member nobody could have met it.
    if (type === "TYPE_REMOVED") return true;
    if (!removals.has(type) || path === undefined) return false;
    const day = lastDay(reasons.get(path));
    return day !== undefined && day < today;
  };
  return ({ changes }) =>
    changes.map((change) =>
      mayGo(change) ? { ...change, criticality: { ...change.criticality, level: CriticalityLevel.Dangerous } } : change,
    );
}

const removals: ReadonlySet<string> = new Set(["FIELD_REMOVED", "FIELD_ARGUMENT_REMOVED", "INPUT_FIELD_REMOVED", "ENUM_VALUE_REMOVED"]);

const lastDay = (reason: string | null | undefined): string | undefined => /Goes after (\d{4}-\d\d-\d\d)\./.exec(reason ?? "")?.[1];

interface Member {
  /** As "Type.field.argument". */
  readonly path: string;
  readonly deprecationReason?: string | null | undefined;
}

/** All that can be deprecated. */
function members(schema: GraphQLSchema): Member[] {
  return Object.values(schema.getTypeMap()).flatMap((type): Member[] => {
    const under = (parent: string, list: readonly { readonly name: string; readonly deprecationReason?: string | null | undefined }[]) =>
      list.map(({ name, deprecationReason }) => ({ path: `${parent}.${name}`, deprecationReason }));
    if (isEnumType(type)) return under(type.name, type.getValues());
    if (isInputObjectType(type)) return under(type.name, Object.values(type.getFields()));
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const fields = Object.values(type.getFields());
    return [...under(type.name, fields), ...fields.flatMap(({ name, args }) => under(`${type.name}.${name}`, args))];
  });
}
