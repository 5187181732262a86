/** Queries that come again are compiled: most of graphql's time goes into finding out, for each row anew, what the document says. */
import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  visit,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import { type Compiled, type Conditions, compile } from "./compiler.ts";

/** Of one operation, in all places where they are selected. */
const mostFields = 2_000;

export interface CompiledQueriesOptions {
  /** That are kept: the last used ones. */
  readonly operations: number;
  /** Of all that are kept together, at some 400 bytes each. */
  readonly totalFields: number;
}

/**
 * Behind all plugins that refuse operations. A query is compiled at its second use, and is the same object then only if its document is
 * valid and kept (useValidDocuments). Mutations and subscriptions are graphql's.
 */
export function useCompiledQueries(options: CompiledQueriesOptions): Plugin {
  const asked = new WeakMap<OperationDefinitionNode, Asked>();
  const keptOr = keepLastUsed(options);
  let operations = 0;

  const run = (operation: OperationDefinitionNode, { id, conditional, stands }: Asked, args: ExecutionArgs): Answer | undefined => {
    const { schema, document, rootValue, contextValue, variableValues } = args;
    const variables = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {}, { maxErrors: 50 });
    if (variables.errors) return { errors: variables.errors };
    const conditions = conditionsOf(conditional, variables.coerced);
    if (conditions === null) return undefined; // not compiled
    const stand = conditional.map((name) => (conditions[name] ? "+" : "-")).join("");
    if (stand !== "" && isNew(stand, stands)) return undefined;
    const key = `${id} ${stand}`;
    const compiled = keptOr(key, () => compile(schema, document, operation, conditions, mostFields));
    return compiled?.run(rootValue, contextValue, variables.coerced);
  };

  return {
    onExecute({ args: { document, operationName }, executeFn, setExecuteFn }) {
      const operation = getOperationAST(document, operationName);
      if (operation?.operation !== "query") return;
      const known = asked.get(operation);
      if (known) setExecuteFn((args: ExecutionArgs) => run(operation, known, args) ?? executeFn(args));
      else asked.set(operation, { id: ++operations, conditional: conditionalIn(document, operation), stands: new Set() });
    },
  };
}

type Answer = ReturnType<Compiled["run"]>;

/** What is known of an operation that has been used. */
interface Asked {
  readonly id: number;
  /** Variables of it that `@skip` and `@include` ask. */
  readonly conditional: readonly string[];
  /** Ways in which they stood before. */
  readonly stands: Set<string>;
}

/** Of one operation: many flags stand in many ways, and each compiled way takes the place of somebody's query. */
const mostStands = 8;

/** The first use of each way is graphql's, and so are all that come when there are many already. */
function isNew(stand: string, stands: Set<string>): boolean {
  if (stands.has(stand)) return false;
  if (stands.size < mostStands) stands.add(stand);
  return true;
}

function conditionalIn(document: DocumentNode, { variableDefinitions = [] }: OperationDefinitionNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      if (name.value !== "skip" && name.value !== "include") return;
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return variableDefinitions.map(({ variable }) => variable.name.value).filter((name) => names.has(name));
}

/** Null: one is no boolean, which is an error wherever it is asked. */
function conditionsOf(names: readonly string[], variables: Readonly<Record<string, unknown>>): Conditions | null {
  const conditions: Record<string, boolean> = {};
  for (const name of names) {
    const value = variables[name];
    if (typeof value !== "boolean") return null;
    conditions[name] = value;
  }
  return conditions;
}

/** Null is kept too: it would be too large again. */
function keepLastUsed({ operations, totalFields }: CompiledQueriesOptions) {
  const kept = new Map<string, Compiled | null>();
  let size = 0;
  const drop = (key: string) => {
    size -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  };
  return (key: string, make: () => Compiled | null): Compiled | null => {
    const known = kept.get(key);
    const one = known === undefined ? make() : known;
    drop(key);
    kept.set(key, one); // now the last used
    size += one?.size ?? 0;
    for (const oldest of kept.keys()) {
      if (kept.size <= operations && size <= totalFields) break;
      drop(oldest);
    }
    return one;
  };
}
