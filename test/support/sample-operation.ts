/** The least operation that uses one root field: required arguments filled by their types, ids well-formed but of nothing. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from "graphql";
import { v7 as uuid } from "uuid";
import { encodeId } from "../../src/domain/ids.ts";

export interface RootField {
  /** Such as "Query.viewer". */
  readonly name: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly field: GraphQLField<unknown, unknown>;
}

export function rootFieldsOf(schema: GraphQLSchema): RootField[] {
  const types = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() };
  return (["query", "mutation", "subscription"] as const).flatMap((kind) =>
    Object.values(types[kind]?.getFields() ?? {}).map((field) => ({ name: `${types[kind]?.name}.${field.name}`, kind, field })),
  );
}

export interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** `given`: arguments in place of the least ones. */
export function sampleOperation({ kind, field }: RootField, given: Readonly<Record<string, unknown>> = {}): Operation {
  const args = field.args.filter((arg) => isRequiredArgument(arg) || arg.name in given);
  const defined = args.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const passed = args.map(({ name }) => `${name}: $${name}`).join(", ");
  return {
    query: `${kind} ${defined && `(${defined})`} { ${field.name}${passed && `(${passed})`} ${selectionOf(field)} }`,
    variables: Object.fromEntries(args.map(({ name, type }) => [name, given[name] ?? sampleOf(type)])),
  };
}

/** Of an error the role that it names. */
function selectionOf(field: RootField["field"]): string {
  const type = getNamedType(field.type);
  if (isLeafType(type)) return "";
  const forbids = isUnionType(type) && type.getTypes().some((member) => isObjectType(member) && member.name === "ForbiddenError");
  return forbids ? "{ __typename ... on ForbiddenError { requiredRoles } }" : "{ __typename }";
}

function sampleOf(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType);
  if (isListType(type)) return [sampleOf(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
    return Object.fromEntries(needed.map((field) => [field.name, sampleOf(field.type)]));
  }
  const samples: Record<string, unknown> = {
    ID: encodeId("Site", uuid()),
    String: "x",
    Boolean: true,
    DateTime: "2026-01-01T00:00:00Z",
  };
  return samples[type.name] ?? 1;
}
