/** Refuses operations that could become too large, before they run. */
import {
  type GraphQLSchema,
  getIntrospectionQuery,
  getOperationAST,
  type IntrospectionOptions,
  type OperationDefinitionNode,
  parse,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Call } from "./call.ts";
import { costOf, type ListCost, type Operation, type OperationCost, sizesIn } from "./cost.ts";
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

/** Where an operation's cost is: a part of CostError that clients see. */
interface Dearest extends Omit<ListCost, "perEntry" | "instead"> {
  /** The largest size with which the operation would be allowed, were all else left; null: this list alone does not do it. */
  readonly fits: number | null;
}

class CostError extends LimitError {
  readonly dearest: readonly Dearest[];
  constructor(limit: number, measured: number, lists: readonly ListCost[]) {
    const dearest = lists.map(({ perEntry, instead, ...list }) => ({ ...list, fits: sizeThatFits(list, perEntry, measured - limit) }));
    super("Cost of the operation", limit, measured, remedyFor(dearest[0], lists[0]?.instead ?? null), placeOf(dearest[0]));
    this.dearest = dearest;
  }
}

function sizeThatFits({ size, argument }: Pick<ListCost, "size" | "argument">, perEntry: number, excess: number): number | null {
  const fits = size - Math.ceil(excess / perEntry);
  return argument !== null && fits >= 1 ? fits : null;
}

const placeOf = (list: Dearest | undefined) => (list ? ` ${list.path} alone costs ${list.cost}, for ${list.entries} entries.` : "");

function remedyFor(list: Dearest | undefined, instead: string | null): string {
  if (!list) return "Select fewer fields, or ask in several requests.";
  return instead === null ? smallerPages(list) : `${instead} ${smallerPages(list)}`;
}

function smallerPages(list: Dearest): string {
  const { path, argument, size, fits } = list;
  if (fits !== null)
    return `Take at most ${fits} by \`${argument}\` at ${path} (now ${size}), select fewer fields there, or ask in several requests.`;
  const here = argument === null ? "" : ` by \`${argument}\` at ${path} (now ${size})`;
  return `Ask for smaller pages${here} and around it, for fewer fields there, or in several requests.`;
}

/** Over every transport; a subscription's before its source opens. */
export function useCostLimit(schema: GraphQLSchema, limit: number): Plugin<{ readonly call: Call }> {
  const ofIntrospection = introspectionLimit(schema);
  const costs = rememberCosts();
  const check = ({ contextValue: { call }, ...operation }: Operation & { readonly contextValue: { readonly call: Call } }): void => {
    const { data, introspection, lists } = costs(operation);
    call.cost = { measured: data, limit };
    if (data > limit) throw new CostError(limit, data, lists);
    if (introspection > ofIntrospection)
      throw new LimitError("Cost of what is asked about the schema", ofIntrospection, introspection, "Ask for less of the schema at once.");
  };
  return { onExecute: ({ args }) => check(args), onSubscribe: ({ args }) => check(args) };
}

const mostRemembered = 100;

/** By operation and the sizes in its variables; of an operation, so many at most. */
function rememberCosts(): (operation: Operation) => OperationCost {
  const known = new WeakMap<OperationDefinitionNode, Map<string, OperationCost>>();
  return (operation) => {
    const asked = getOperationAST(operation.document, operation.operationName);
    if (!asked) return costOf(operation);
    const costs = known.get(asked) ?? new Map<string, OperationCost>();
    known.set(asked, costs);
    const sizes = sizesIn(asked, operation.variableValues ?? {});
    const remembered = costs.get(sizes);
    if (remembered) return remembered;
    const cost = costOf(operation);
    if (costs.size >= mostRemembered) costs.clear();
    costs.set(sizes, cost);
    return cost;
  };
}
