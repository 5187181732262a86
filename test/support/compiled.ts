/** An operation as it runs once it is compiled. */
import { getOperationAST, getVariableValues, parse } from "graphql";
import { schema } from "../../src/domain/schema.ts";
import { type Compiled, compile } from "../../src/gateway/compiler.ts";

/** Null: it is not compiled, or its variables are no good. */
export function runCompiled(
  query: string,
  given: Record<string, unknown>,
  context: unknown,
): Promise<Awaited<ReturnType<Compiled["run"]>>> | null {
  const document = parse(query);
  const operation = getOperationAST(document);
  const { coerced } = getVariableValues(schema, operation?.variableDefinitions ?? [], given);
  const compiled = operation && coerced && compile(schema, document, operation, {}, 2_000);
  return compiled ? Promise.resolve(compiled.run(undefined, context, coerced)) : null;
}
