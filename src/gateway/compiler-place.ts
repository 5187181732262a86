/** Where a compiled operation is in its answer, and what went wrong there. */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isNonNullType,
  locatedError,
  type OperationDefinitionNode,
  type ResponsePath,
  responsePathAsArray,
} from "graphql";

export type { ResponsePath } from "graphql";

/** One execution. */
export interface Run {
  readonly schema: GraphQLSchema;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly operation: OperationDefinitionNode;
  readonly rootValue: unknown;
  readonly contextValue: unknown;
  readonly variableValues: { [variable: string]: unknown };
  readonly errors: FieldErrors;
}

/** A field as it is selected, by one node or several. */
export interface PlannedField {
  readonly key: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly parentType: GraphQLObjectType;
  readonly nodes: readonly FieldNode[];
}

/** A field of one object of the answer: what resolvers are told, made when they ask. */
export class Place implements GraphQLResolveInfo {
  readonly run: Run;
  readonly #planned: PlannedField;
  readonly #parent: ResponsePath | undefined;
  #path: ResponsePath | null = null;

  constructor(run: Run, planned: PlannedField, parent: ResponsePath | undefined) {
    this.run = run;
    this.#planned = planned;
    this.#parent = parent;
  }

  get path(): ResponsePath {
    this.#path ??= { prev: this.#parent, key: this.#planned.key, typename: this.#planned.parentType.name };
    return this.#path;
  }
  get fieldName() {
    return this.#planned.field.name;
  }
  get fieldNodes() {
    return this.#planned.nodes;
  }
  get returnType() {
    return this.#planned.field.type;
  }
  get parentType() {
    return this.#planned.parentType;
  }
  get schema() {
    return this.run.schema;
  }
  get fragments() {
    return this.run.fragments;
  }
  get rootValue() {
    return this.run.rootValue;
  }
  get operation() {
    return this.run.operation;
  }
  get variableValues() {
    return this.run.variableValues;
  }

  /** Null is the answer there; thrown on where there can't be null. */
  failed(thrown: unknown, type: GraphQLOutputType, path: ResponsePath): null {
    const error = locatedError(thrown, this.fieldNodes, responsePathAsArray(path));
    if (isNonNullType(type)) throw error;
    this.run.errors.add(error, path);
    return null;
  }
}

/** At most one for each place that became null, and none below. */
export class FieldErrors {
  readonly all: GraphQLError[] = [];
  readonly #places = new Set<ResponsePath | undefined>();

  /** Without a path: nothing is left of the answer. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#places.has(at)) return;
    if (this.#places.has(undefined)) return;
    this.#places.add(path);
    this.all.push(error);
  }
}
