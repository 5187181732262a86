/**
 * An operation on the schema itself, past every gateway: parsed once, executed as often as it is asked. Programs of bench/ come here for it, since
 * the graphql that they would find themselves is the peers', which refuses our schema.
 */
import { execute, parse } from "graphql";
import { schema } from "../../src/domain/schema.ts";

export function operation(text: string): (variableValues: Readonly<Record<string, unknown>>, contextValue: object) => Promise<unknown> {
  const document = parse(text);
  return async (variableValues, contextValue) => {
    const { data, errors } = await execute({ schema, document, variableValues, contextValue });
    if (errors?.[0]) throw errors[0];
    return data;
  };
}
