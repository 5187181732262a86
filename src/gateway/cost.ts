/**
 * How large the answer to an operation may become, counted in its fields before it runs: each field is one, and what is selected below a
 * list counts as often as the list may be long. Fields can say that they cost something else (domain/cost.ts).
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from "graphql";
import type { FieldCost } from "../domain/cost.ts";
import { defaultPage, largestPage } from "../domain/page-size.ts";

/** What a list that has no pages usually holds. */
const usualLength = 10;
/** Of the schema itself: few arguments, more fields. A larger one would make aliased fields look cheap beside the arguments of a full query. */
const usualInSchema = 3;
/** A page's statement, and the one that counts the whole list. */
const pageCost = 5;

export interface Operation {
  readonly schema: GraphQLSchema;
  /** Valid. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface OperationCost {
  readonly data: number;
  /** Of what is asked about the schema. */
  readonly introspection: number;
}

/** Depends on the variables, so it is not to be remembered with the document. */
export function costOf(operation: Operation): OperationCost {
  const { schema, document, operationName, variableValues } = operation;
  const chosen = getOperationAST(document, operationName);
  const root = chosen && schema.getRootType(chosen.operation);
  if (!root) return { data: 0, introspection: 0 };
  const defaults = (chosen.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, sizeIn(defaultValue, {})]);
  const measure = new Measure(schema, document, { ...Object.fromEntries(defaults), ...variableValues });
  const data = measure.selections(chosen.selectionSet, root);
  return { data: atMost(data), introspection: atMost(measure.introspection) };
}

const atMost = (cost: number) => Math.min(cost, Number.MAX_SAFE_INTEGER);

class Measure {
  introspection = 0;
  readonly #schema: GraphQLSchema;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** A fragment that is spread many times is measured once for each type. */
  readonly #known = new Map<SelectionSetNode, Map<GraphQLNamedType, number>>();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, variables: Readonly<Record<string, unknown>>) {
    this.#schema = schema;
    this.#variables = variables;
    for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(one.name.value, one);
  }

  selections(set: SelectionSetNode, type: GraphQLNamedType): number {
    const known = this.#known.get(set) ?? new Map<GraphQLNamedType, number>();
    this.#known.set(set, known);
    const cost = known.get(type) ?? this.#sum(set, type);
    known.set(type, cost);
    return cost;
  }

  #sum({ selections }: SelectionSetNode, type: GraphQLNamedType): number {
    let cost = 0;
    for (const one of selections) {
      if (one.kind === Kind.FIELD) {
        cost += this.#field(one, type);
        continue;
      }
      const fragment = one.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(one.name.value) : one;
      const { typeCondition } = fragment ?? {};
      if (fragment)
        cost += this.selections(fragment.selectionSet, (typeCondition && this.#schema.getType(typeCondition.name.value)) ?? type);
    }
    return cost;
  }

  #field(node: FieldNode, parent: GraphQLNamedType): number {
    const name = node.name.value;
    const asksSchema = name === SchemaMetaFieldDef.name || name === TypeMetaFieldDef.name;
    const meta = name === SchemaMetaFieldDef.name ? SchemaMetaFieldDef : TypeMetaFieldDef;
    const field = asksSchema ? meta : isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (!field) return 1; // __typename
    const price = priceOf(field);
    const below = node.selectionSet ? this.selections(node.selectionSet, getNamedType(field.type)) : 0;
    const cost = price.own + (below === 0 ? 0 : below * this.#times(node, price));
    if (!asksSchema) return cost;
    this.introspection += cost;
    return 0;
  }

  #times(node: FieldNode, { sizedBy, times }: Price): number {
    for (const name of sizedBy) {
      const size = sizeIn(node.arguments?.find((argument) => argument.name.value === name)?.value, this.#variables);
      if (size !== null) return Math.min(Math.max(size, 0), largestPage); // another size is refused where it is read
    }
    return times;
  }
}

/** A number, or the length of a list. Null: nothing was given. */
function sizeIn(node: ValueNode | undefined, variables: Readonly<Record<string, unknown>>): number | null {
  if (node === undefined || node.kind === Kind.NULL) return null;
  if (node.kind === Kind.INT) return Number(node.value);
  if (node.kind === Kind.LIST) return node.values.length;
  const value = node.kind === Kind.VARIABLE ? (variables[node.name.value] ?? null) : 1;
  if (value === null || typeof value === "number") return value;
  return Array.isArray(value) ? value.length : 1;
}

interface Price {
  readonly own: number;
  readonly times: number;
  readonly sizedBy: readonly string[];
}

const lengthOf = ({ type }: GraphQLField<unknown, unknown>) => (isIntrospectionType(getNamedType(type)) ? usualInSchema : usualLength);

const prices = new WeakMap<GraphQLField<unknown, unknown>, Price>();

function priceOf(field: GraphQLField<unknown, unknown>): Price {
  const known = prices.get(field);
  if (known) return known;
  const declared: FieldCost = field.extensions.cost ?? {};
  const isPage = field.args.some(({ name }) => name === "first");
  const times = isPage ? defaultPage : isListType(getNullableType(field.type)) ? lengthOf(field) : 1;
  const sizedBy = declared.timesArgument ? [declared.timesArgument] : isPage ? ["first", "last"] : [];
  const price = { own: declared.own ?? (isPage ? pageCost : 1), times: declared.times ?? times, sizedBy };
  prices.set(field, price);
  return price;
}
