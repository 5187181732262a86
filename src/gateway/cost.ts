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
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
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

/** A list of the operation, with all that it may have in the whole answer. */
export interface ListCost {
  /** By the names that the answer has, such as "recoveryPlans.nodes.vms". */
  readonly path: string;
  /** Of what is selected in it as often as it may come, without the lists below. */
  readonly cost: number;
  readonly entries: number;
  /** How many each time that it comes, and the argument that says so; null: it has no pages. */
  readonly size: number;
  readonly argument: string | null;
  /** What one entry less each time would save, with the lists below. */
  readonly perEntry: number;
  /** What is meant for so much of it, as a sentence; null: nothing else is. */
  readonly instead: string | null;
}

export interface OperationCost {
  readonly data: number;
  /** Of what is asked about the schema. */
  readonly introspection: number;
  /** Three at most, the dearest first. */
  readonly lists: readonly ListCost[];
}

/** All that an operation's cost has of its variables: the same text, the same cost. */
export function sizesIn({ variableDefinitions = [] }: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): string {
  return variableDefinitions
    .map(({ variable: { name } }) => (name.value in variables ? (sizeOf(variables[name.value]) ?? "null") : ""))
    .join();
}

export function costOf(operation: Operation): OperationCost {
  const { schema, document, operationName, variableValues } = operation;
  const chosen = getOperationAST(document, operationName);
  const root = chosen && schema.getRootType(chosen.operation);
  if (!root) return { data: 0, introspection: 0, lists: [] };
  const defaults = (chosen.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, sizeIn(defaultValue, {})]);
  const measure = new Measure(schema, document, { ...Object.fromEntries(defaults), ...variableValues });
  const { cost, lists } = measure.selections(chosen.selectionSet, root);
  return { data: atMost(cost), introspection: atMost(measure.introspection), lists };
}

const atMost = (cost: number) => Math.min(cost, Number.MAX_SAFE_INTEGER);

/** What is selected at a place costs so much each time that it comes. */
interface Selected {
  readonly cost: number;
  /** Of that, what is in no list. */
  readonly plain: number;
  /** The dearest, their paths from here. */
  readonly lists: readonly ListCost[];
}

const nothing: Selected = { cost: 0, plain: 0, lists: [] };
const keptLists = 3;

function together(parts: readonly Selected[]): Selected {
  const sum = (of: (part: Selected) => number) => parts.reduce((total, part) => total + of(part), 0);
  return { cost: sum(({ cost }) => cost), plain: sum(({ plain }) => plain), lists: dearest(parts.flatMap(({ lists }) => lists)) };
}

/** What is selected in several places of the document, and is one list of the answer, is added up. */
function dearest(lists: readonly ListCost[]): readonly ListCost[] {
  if (lists.length < 2) return lists;
  const byPath = new Map<string, ListCost>();
  for (const one of lists) {
    const { cost = 0, perEntry = 0 } = byPath.get(one.path) ?? {};
    byPath.set(one.path, { ...one, cost: cost + one.cost, perEntry: perEntry + one.perEntry });
  }
  return [...byPath.values()].sort((a, b) => b.cost - a.cost).slice(0, keptLists);
}

class Measure {
  introspection = 0;
  readonly #schema: GraphQLSchema;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** A fragment that is spread many times is measured once for each type, and number of siblings. */
  readonly #known = new Map<SelectionSetNode, Map<string, Selected>>();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, variables: Readonly<Record<string, unknown>>) {
    this.#schema = schema;
    this.#variables = variables;
    for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(one.name.value, one);
  }

  /** `siblings`: as many objects, with this one, are in the list that it comes from. */
  selections(set: SelectionSetNode, type: GraphQLNamedType, siblings = 1): Selected {
    const known = this.#known.get(set) ?? new Map<string, Selected>();
    this.#known.set(set, known);
    const key = `${type.name} ${siblings}`;
    const selected = known.get(key) ?? together(set.selections.map((one) => this.#selection(one, type, siblings)));
    known.set(key, selected);
    return selected;
  }

  #selection(one: SelectionNode, type: GraphQLNamedType, siblings: number): Selected {
    if (one.kind === Kind.FIELD) return this.#field(one, type, siblings);
    const fragment = one.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(one.name.value) : one;
    const { typeCondition } = fragment ?? {};
    if (!fragment) return nothing;
    return this.selections(fragment.selectionSet, (typeCondition && this.#schema.getType(typeCondition.name.value)) ?? type, siblings);
  }

  #field(node: FieldNode, parent: GraphQLNamedType, siblings: number): Selected {
    const name = node.name.value;
    const asksSchema = name === SchemaMetaFieldDef.name || name === TypeMetaFieldDef.name;
    const meta = name === SchemaMetaFieldDef.name ? SchemaMetaFieldDef : TypeMetaFieldDef;
    const field = asksSchema ? meta : isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (!field) return { cost: 1, plain: 1, lists: [] }; // __typename
    const price = priceOf(field);
    const { size, argument } = this.#sizeOf(node, price);
    const counted = { size: Math.min(size, price.shared / siblings), argument };
    const inList = argument === null && size > 1 ? size : 1;
    const below = node.selectionSet ? this.selections(node.selectionSet, getNamedType(field.type), inList) : nothing;
    const selected = repeated(below, price, counted, (node.alias ?? node.name).value);
    if (!asksSchema) return selected;
    this.introspection += selected.cost;
    return nothing;
  }

  #sizeOf(node: FieldNode, { sizedBy, times }: Price): Size {
    for (const argument of sizedBy) {
      const size = sizeIn(node.arguments?.find(({ name }) => name.value === argument)?.value, this.#variables);
      if (size !== null) return { size: Math.min(Math.max(size, 0), largestPage), argument }; // another size is refused where it is read
    }
    return { size: times, argument: sizedBy[0] ?? null };
  }
}

type Size = Pick<ListCost, "size" | "argument">;

function repeated(below: Selected, { own, times, instead }: Price, { size, argument }: Size, name: string): Selected {
  const lists = below.lists.map((one) => ({
    ...one,
    path: `${name}.${one.path}`,
    cost: one.cost * size,
    entries: one.entries * size,
    perEntry: one.perEntry * size,
  }));
  const [cost, plain] = [own + below.cost * size, own + below.plain * size];
  if (below.cost === 0 || (argument === null && times <= 1)) return { cost, plain, lists };
  const itself = { path: name, cost: plain, entries: size, size, argument, perEntry: below.cost, instead };
  return { cost, plain: 0, lists: dearest([itself, ...lists]) };
}

/** A number, or the length of a list. Null: nothing was given. */
function sizeIn(node: ValueNode | undefined, variables: Readonly<Record<string, unknown>>): number | null {
  if (node === undefined || node.kind === Kind.NULL) return null;
  if (node.kind === Kind.INT) return Number(node.value);
  if (node.kind === Kind.LIST) return node.values.length;
  return sizeOf(node.kind === Kind.VARIABLE ? variables[node.name.value] : 1);
}

function sizeOf(value: unknown): number | null {
  if (value === null || value === undefined || typeof value === "number") return value ?? null;
  return Array.isArray(value) ? value.length : 1;
}

interface Price {
  readonly own: number;
  readonly shared: number;
  readonly times: number;
  readonly sizedBy: readonly string[];
  readonly instead: string | null;
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
  const price = {
    own: declared.own ?? (isPage ? pageCost : 1),
    times: declared.times ?? times,
    sizedBy,
    shared: declared.shared ?? Number.POSITIVE_INFINITY,
    instead: declared.instead ?? null,
  };
  prices.set(field, price);
  return price;
}
