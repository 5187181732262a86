/** The operations of a guide: its blocks of GraphQL, with what their comments tell a reader, and the test, to do. */
import { type GraphQLSchema, type OperationDefinitionNode, parse, validate } from "graphql";

export interface GuideOperation {
  /** The heading above it, and its line, for messages. */
  readonly place: string;
  readonly text: string;
  readonly definition: OperationDefinitionNode;
  /** "# Keep startRecovery.recovery.id as $recoveryId": what later operations need. */
  readonly keeps: readonly { readonly path: string; readonly name: string }[];
  /** "# Again until recovery.state is COMPLETED": it is asked for until then. */
  readonly until: readonly { readonly path: string; readonly value: string }[];
  /** "# Answers CONFLICT": it is refused so. */
  readonly refusal: string | null;
}

export function operationsOf(name: string, markdown: string, schema: GraphQLSchema): GuideOperation[] {
  const found: GuideOperation[] = [];
  let [heading, fence]: [string, string[] | null] = ["", null];
  for (const [index, line] of markdown.split("\n").entries()) {
    if (fence === null && line.startsWith("#")) heading = line.replace(/^#+ /, "");
    if (fence === null && line === "```graphql") fence = [];
    else if (fence !== null && line === "```") {
      found.push(operationOf(`${name}:${index + 1 - fence.length} (${heading})`, fence.join("\n"), schema));
      fence = null;
    } else fence?.push(line);
  }
  return found;
}

function operationOf(place: string, text: string, schema: GraphQLSchema): GuideOperation {
  const document = parse(text);
  const problems = validate(schema, document).map(({ message }) => message);
  const [definition, second] = document.definitions.filter((one) => one.kind === "OperationDefinition");
  if (problems.length > 0 || definition === undefined || second !== undefined)
    throw new Error(`${place}: ${problems.join(" ") || "one operation, please"}`);
  return {
    place,
    text,
    definition,
    keeps: [...text.matchAll(/^# Keep (\S+) as \$(\w+)/gm)].map(([, path = "", name = ""]) => ({ path, name })),
    until: [...text.matchAll(/^# Again until (\S+) is (\w+)/gm)].map(([, path = "", value = ""]) => ({ path, value })),
    refusal: /^# Answers ([A-Z_]+)/m.exec(text)?.[1] ?? null,
  };
}

/** The value at "a.b.0.c". */
export function valueAt(data: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined), data);
}
