/** Which subscriptions are alike: the same document, operation and variables, but for those that only say where the stream begins. */
import { type DocumentNode, type GraphQLSchema, getOperationAST, type SubscriptionArgs, TypeInfo, visit, visitWithTypeInfo } from "graphql";

/** The same text for subscriptions that are alike; null: nothing is like this one. */
export function createAlike(): (args: SubscriptionArgs) => string | null {
  const known = new WeakMap<DocumentNode, { readonly number: number; readonly starts: ReadonlySet<string> }>();
  let count = 0;
  return ({ schema, document, operationName, variableValues }) => {
    const operation = getOperationAST(document, operationName);
    if (!operation) return null;
    const { number, starts } = known.get(document) ?? { number: count++, starts: startsIn(schema, document) };
    known.set(document, { number, starts });
    const names = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
    const given = names.filter((name) => !starts.has(name) && variableValues?.[name] !== undefined);
    return JSON.stringify([number, operation.name?.value, given.map((name) => [name, variableValues?.[name]])]);
  };
}

/** Variables that stand nowhere but for an argument that says where a stream begins. */
function startsIn(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const info = new TypeInfo(schema);
  const starts = new Set<string>();
  const others = new Set<string>();
  visit(
    document,
    visitWithTypeInfo(info, {
      VariableDefinition: () => false,
      Argument({ value }) {
        if (value.kind !== "Variable" || info.getArgument()?.extensions.startsStream !== true) return undefined;
        starts.add(value.name.value);
        return false;
      },
      Variable: ({ name }) => void others.add(name.value),
    }),
  );
  return new Set([...starts].filter((name) => !others.has(name)));
}
