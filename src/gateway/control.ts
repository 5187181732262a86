/** What an operator must always be able to do, however busy the session's dashboards are: it has a budget of requests of its own. */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
  valueFromAST,
} from "graphql";
import { rootFields } from "./root-fields.ts";

/** Mutations; startRecovery besides, where it is for a disaster. createSession is for those whose session has ended under their polling. */
export const controls: ReadonlySet<string> = new Set([
  "answerPrompt",
  "cancelRecovery",
  "pauseRecovery",
  "resumeRecovery",
  "switchToDisaster",
  "createSession",
  "deleteSession",
]);

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** Whether a valid operation does nothing else than control. */
export function isControl(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): boolean {
  if (operation.operation !== "mutation") return false;
  const fields = rootFields(document, operation).filter(({ name }) => name.value !== "__typename");
  return fields.every(
    (field) =>
      controls.has(field.name.value) || (field.name.value === "startRecovery" && isForDisaster(schema, operation, field, variables)),
  );
}

function isForDisaster(schema: GraphQLSchema, operation: OperationDefinitionNode, field: FieldNode, variables: Variables): boolean {
  const input = schema
    .getMutationType()
    ?.getFields()
    .startRecovery?.args.find(({ name }) => name === "input");
  const given = field.arguments?.find(({ name }) => name.value === "input");
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variables });
  if (!input || !given || values.errors) return false; // it will be told when it runs
  const value: unknown = valueFromAST(given.value, input.type, values.coerced);
  return typeof value === "object" && value !== null && "recoveryType" in value && value.recoveryType === "DISASTER";
}
