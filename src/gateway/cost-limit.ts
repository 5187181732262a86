/** Refuses operations that could become too large, before they run. */
import { type GraphQLSchema, getIntrospectionQuery, type IntrospectionOptions, parse } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Call } from "./call.ts";
import { costOf, type Operation } from "./cost.ts";
import { LimitError } from "./limits.ts";

const everything: IntrospectionOptions = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};

/** Twice what tools ask to know all of the schema, however large it is. */
const introspectionLimit = (schema: GraphQLSchema): number =>
  2 * costOf({ schema, document: parse(getIntrospectionQuery(everything)) }).introspection;

/** Over every transport; a subscription's before its source opens. */
export function useCostLimit(schema: GraphQLSchema, limit: number): Plugin<{ readonly call: Call }> {
  const ofIntrospection = introspectionLimit(schema);
  const check = ({ contextValue: { call }, ...operation }: Operation & { readonly contextValue: { readonly call: Call } }): void => {
    const { data, introspection } = costOf(operation);
    call.cost = { measured: data, limit };
    if (data > limit)
      throw new LimitError(
        "Cost of the operation",
        limit,
        data,
        "Ask for smaller pages (`first`), fewer levels of lists, or in several requests.",
      );
    if (introspection > ofIntrospection)
      throw new LimitError("Cost of what is asked about the schema", ofIntrospection, introspection, "Ask for less of the schema at once.");
  };
  return { onExecute: ({ args }) => check(args), onSubscribe: ({ args }) => check(args) };
}
