/** Says in the logs who still uses what is deprecated: once an hour for each field, argument and value, with how often it was used since. */
import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isEnumType,
  isInputObjectType,
  isInputType,
  isInterfaceType,
  isListType,
  isObjectType,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Call } from "./call.ts";

const hour = 3_600_000;

export function useDeprecations(
  schema: GraphQLSchema,
  log: Pick<Logger, "info">,
  now: () => number = () => performance.now(),
): Plugin<{ readonly call: Call }> {
  const deprecated = deprecatedIn(schema);
  if (deprecated.size === 0) return {};
  const ofDocuments = new WeakMap<DocumentNode, ReadonlySet<string>>();
  const seen = new Map<string, { uses: number; toldAt: number }>();

  const count = ({ document, operationName, variableValues, contextValue: { call } }: Used): void => {
    const inDocument = ofDocuments.get(document) ?? usesIn(schema, document);
    ofDocuments.set(document, inDocument);
    for (const name of [...inDocument, ...usesInVariables(schema, { document, operationName, variableValues })]) {
      if (!deprecated.has(name)) continue;
      const { uses, toldAt } = seen.get(name) ?? { uses: 0, toldAt: Number.NEGATIVE_INFINITY };
      const tell = now() - toldAt >= hour;
      seen.set(name, tell ? { uses: 0, toldAt: now() } : { uses: uses + 1, toldAt });
      if (tell)
        log.info({ deprecated: name, uses: uses + 1, operation: call.operation?.name ?? null, userAgent: call.userAgent }, "deprecated");
    }
  };
  return { onExecute: ({ args }) => count(args), onSubscribe: ({ args }) => count(args) };
}

interface Asked {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

interface Used extends Asked {
  readonly contextValue: { readonly call: Call };
}

/** As "Type.field", "Type.field(argument)", "Enum.VALUE" and "Input.field". */
function deprecatedIn(schema: GraphQLSchema): ReadonlySet<string> {
  const names = Object.values(schema.getTypeMap()).flatMap((type) => {
    if (isEnumType(type)) return type.getValues().flatMap((one) => (one.deprecationReason ? [`${type.name}.${one.name}`] : []));
    if (isInputObjectType(type))
      return Object.values(type.getFields()).flatMap((one) => (one.deprecationReason ? [`${type.name}.${one.name}`] : []));
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    return Object.values(type.getFields()).flatMap((field) => [
      ...(field.deprecationReason ? [`${type.name}.${field.name}`] : []),
      ...field.args.flatMap((one) => (one.deprecationReason ? [`${type.name}.${field.name}(${one.name})`] : [])),
    ]);
  });
  return new Set(names);
}

/** Everything that a document names; once for each document that is kept. */
function usesIn(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const info = new TypeInfo(schema);
  const names = new Set<string>();
  const fieldName = () => `${info.getParentType()?.name}.${info.getFieldDef()?.name}`;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: () => void names.add(fieldName()),
      Argument: ({ name }) => void names.add(`${fieldName()}(${name.value})`),
      ObjectField: ({ name }) => void names.add(`${getNamedType(info.getParentInputType())?.name}.${name.value}`),
      EnumValue: ({ value }) => void names.add(`${getNamedType(info.getInputType())?.name}.${value}`),
    }),
  );
  return names;
}

/** Follows the types and not the values, which may be nested as deep as somebody likes. */
function usesInVariables(schema: GraphQLSchema, { document, operationName, variableValues }: Asked): ReadonlySet<string> {
  const names = new Set<string>();
  const look = (given: GraphQLInputType, value: unknown): void => {
    const type = getNullableType(given);
    if (isListType(type)) for (const one of Array.isArray(value) ? value : [value]) look(type.ofType, one);
    else if (isEnumType(type)) names.add(`${type.name}.${String(value)}`);
    else if (isInputObjectType(type) && typeof value === "object" && value !== null)
      for (const [name, field] of Object.entries(type.getFields())) {
        const inside: unknown = Reflect.get(value, name);
        if (inside === undefined) continue;
        names.add(`${type.name}.${name}`);
        look(field.type, inside);
      }
  };
  for (const { variable, type } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const known = typeFromAST(schema, type);
    if (isInputType(known)) look(known, variableValues?.[variable.name.value]);
  }
  return names;
}
