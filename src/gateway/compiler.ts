/**
 * Runs an operation as graphql's `execute` does, with all that depends on the document alone decided once: which fields of which types, in
 * which order, and how their values are completed. The rules, and the words in comments, are the specification's ("Executing Selection
 * Sets", "Value Completion"); a test holds the answers beside graphql's own. What `@skip` and `@include` ask is decided too, so there is
 * one for each way in which their variables can stand.
 */
import {
  BREAK,
  type DocumentNode,
  defaultFieldResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
  visit,
} from "graphql";
import { FieldErrors, type Run } from "./compiler-place.ts";
import {
  type Answer,
  abstract,
  answerOf,
  type Complete,
  executeFields,
  type FieldPlan,
  isPromise,
  leaf,
  list,
  nonNull,
  present,
  type Selected,
} from "./compiler-run.ts";
import { ListWriter } from "./compiler-text.ts";
import type { RowField } from "./row-json.ts";

export interface Compiled {
  /** Fields that were planned; what it takes in memory goes by them. */
  readonly size: number;
  /** `variables` are coerced. Never rejects. */
  run(rootValue: unknown, contextValue: unknown, variables: Run["variableValues"]): Answer;
}

/** How the variables stand that `@skip` and `@include` ask. */
export type Conditions = Readonly<Record<string, boolean>>;

/** Null: it would have more than `mostFields`, or is none that is compiled. */
export function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  conditions: Conditions,
  mostFields: number,
): Compiled | null {
  const rootType = schema.getRootType(operation.operation);
  if (!rootType || operation.operation === "mutation") return null; // whose fields run one after the other
  const planner = new Planner(schema, document, conditions, mostFields);
  const selected = planner.selected(rootType, [operation.selectionSet]);
  const { fragments, size } = planner;
  if (size > mostFields) return null;
  return {
    size,
    run: (rootValue, contextValue, variableValues) =>
      answerOf({ schema, fragments, operation, rootValue, contextValue, variableValues, errors: new FieldErrors() }, selected),
  };
}

/** How a field's value is completed, and what is selected on the objects of one type in it. */
type Value = Pick<FieldPlan, "complete" | "inner">;

class Planner {
  size = 0;
  readonly fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  readonly #schema: GraphQLSchema;
  readonly #conditions: Conditions;
  readonly #mostFields: number;

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, conditions: Conditions, mostFields: number) {
    this.#schema = schema;
    this.#conditions = conditions;
    this.#mostFields = mostFields;
    for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) this.fragments[one.name.value] = one;
  }

  selected(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Selected {
    const collected = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const { selections } of sets) this.#collect(type, selections, collected, spread);
    const plans = [...collected].flatMap(([key, nodes]) => this.#field(type, key, nodes) ?? []);
    return {
      plans,
      empty: Object.fromEntries(plans.map(({ key }) => [key, null])),
      answers: new WeakMap(),
      isPlain: plans.length > 0 && plans.every(({ plain }) => plain !== null),
      writer: writerOf(plans),
      hasWritten: plans.some(({ field, inner }) => inner !== null && (inner.hasWritten || (inner.writer !== null && isList(field)))),
    };
  }

  #collect(type: GraphQLObjectType, selections: readonly SelectionNode[], collected: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const one of selections) {
      if (one.kind === Kind.FRAGMENT_SPREAD && spread.has(one.name.value)) continue;
      if (!this.#isIncluded(one)) continue;
      if (one.kind === Kind.FIELD) {
        const key = (one.alias ?? one.name).value;
        const nodes = collected.get(key);
        if (nodes) nodes.push(one);
        else collected.set(key, [one]);
        continue;
      }
      if (one.kind === Kind.FRAGMENT_SPREAD) spread.add(one.name.value);
      const fragment = one.kind === Kind.FRAGMENT_SPREAD ? this.fragments[one.name.value] : one;
      if (fragment && this.#applies(fragment, type)) this.#collect(type, fragment.selectionSet.selections, collected, spread);
    }
  }

  #isIncluded(node: SelectionNode): boolean {
    if (!node.directives?.length) return true;
    if (getDirectiveValues(GraphQLSkipDirective, node, this.#conditions)?.if === true) return false;
    return getDirectiveValues(GraphQLIncludeDirective, node, this.#conditions)?.if !== false;
  }

  #applies({ typeCondition }: Pick<FragmentDefinitionNode, "typeCondition"> | { typeCondition?: undefined }, type: GraphQLObjectType) {
    const condition = typeCondition && typeFromAST(this.#schema, typeCondition);
    return !typeCondition || condition === type || (isAbstractType(condition) && this.#schema.isSubType(condition, type));
  }

  #field(parentType: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): FieldPlan | null {
    const field = this.#definition(parentType, nodes[0]?.name.value ?? "");
    this.size += key === "__proto__" ? Number.POSITIVE_INFINITY : 1; // no key of a plain object
    if (!field || this.size > this.#mostFields) return null;
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const resolve = field.resolve ?? defaultFieldResolver;
    const type = getNullableType(field.type);
    const property = propertyOf(field);
    const plain = property !== null && isLeafType(type) ? { property, type } : null;
    const value = this.#value(field.type, sets);
    const from = ofEdge(field, value) ?? (plain ? ({ kind: "property", ...plain } as const) : fromOf(field, parentType));
    return { key, field, parentType, nodes, resolve, args: constantArgs(field, nodes[0]), ...value, plain, from };
  }

  #definition(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    const isQuery = type === this.#schema.getQueryType();
    if (isQuery && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    return isQuery && name === TypeMetaFieldDef.name ? TypeMetaFieldDef : type.getFields()[name];
  }

  #value(type: GraphQLOutputType, sets: readonly SelectionSetNode[]): Value {
    if (isNonNullType(type)) {
      const { complete, inner } = this.#value(type.ofType, sets);
      return { complete: nonNull(complete), inner };
    }
    if (isLeafType(type)) return { complete: leaf(type), inner: null };
    if (isListType(type)) return this.#list(type.ofType, sets);
    if (isObjectType(type)) {
      const inner = this.selected(type, sets);
      return { complete: present(this.#object(type, inner)), inner };
    }
    const members = this.#schema
      .getPossibleTypes(type)
      .map((member) => [member.name, this.#object(member, this.selected(member, sets))] as const);
    return { complete: present(abstract(type, new Map(members))), inner: null };
  }

  #list(itemType: GraphQLOutputType, sets: readonly SelectionSetNode[]): Value {
    const { complete, inner } = this.#value(itemType, sets);
    const type = getNullableType(itemType);
    return { complete: list(itemType, complete, isObjectType(type) && !type.isTypeOf ? inner : null), inner };
  }

  #object(type: GraphQLObjectType, selected: Selected): Complete {
    const complete: Complete = (place, value, path) => executeFields(place.run, selected, value, path ?? place.path);
    const { isTypeOf } = type;
    if (!isTypeOf) return complete;
    return (place, value, path) => {
      const checked = (is: boolean) => {
        if (is) return complete(place, value, path);
        throw new GraphQLError(`Expected value of type "${type.name}" but got another.`, { nodes: place.fieldNodes });
      };
      const is = isTypeOf(value, place.run.contextValue, place);
      return isPromise(is) ? is.then(checked) : checked(is);
    };
  }
}

const isList = ({ type }: { readonly type: GraphQLOutputType }): boolean => isListType(getNullableType(type));

/** Null: a variable is in them, or something is wrong, which will be told each time. */
function constantArgs(field: GraphQLField<unknown, unknown>, node: FieldNode | undefined): FieldPlan["args"] {
  if (field.args.length === 0 || !node) return {};
  let isConstant = true;
  for (const { value } of node.arguments ?? []) {
    visit(value, {
      Variable() {
        isConstant = false;
        return BREAK;
      },
    });
  }
  try {
    return isConstant ? getArgumentValues(field, node) : null;
  } catch {
    return null;
  }
}

/** Of its object, as it is; null: there is more to it. Pothos exposes properties by resolvers of its own. */
function propertyOf({ name, resolve, extensions }: GraphQLField<unknown, unknown>): string | null {
  if (resolve === undefined || resolve === defaultFieldResolver) return name;
  const { pothosExposedField: exposed, pothosResolveWrapped: isWrapped } = extensions;
  return typeof exposed === "string" && isWrapped === false ? exposed : null;
}

/** What an edge has of its row. */
function ofEdge({ type, extensions }: GraphQLField<unknown, unknown>, { inner }: Value): RowField["from"] | null {
  if (extensions.ofEdge === "cursor") return { kind: "cursor" };
  const node = getNullableType(type);
  if (extensions.ofEdge !== "node" || !isObjectType(node) || node.isTypeOf || !inner?.writer) return null;
  return { kind: "object", fields: inner.writer.fields };
}

/** What else comes of a row alone. */
function fromOf(
  { name, extensions: { idOf } }: GraphQLField<unknown, unknown>,
  { name: type }: GraphQLObjectType,
): RowField["from"] | null {
  if (name === TypeNameMetaFieldDef.name) return { kind: "constant", text: type };
  return idOf ? { kind: "id", type, properties: idOf } : null;
}

function writerOf(plans: readonly FieldPlan[]): ListWriter | null {
  const fields = plans.flatMap(({ key, field, from }) => (from ? [{ key, isNullable: !isNonNullType(field.type), from }] : []));
  return fields.length > 0 && fields.length === plans.length ? new ListWriter(fields) : null;
}
