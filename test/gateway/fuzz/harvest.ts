/** Ids of what there is, and cursors, found through the API itself. */
import { type GraphQLSchema, getNamedType, isObjectType, isRequiredArgument } from "graphql";
import { decodeId } from "../../../src/domain/ids.ts";
import { relationsOf } from "../../support/schema-walk.ts";

type Ask = (query: string, variables?: object) => Promise<{ readonly data?: unknown }>;

const mostOfEach = 30;

export interface Harvest {
  readonly ids: Map<string, string[]>;
  readonly cursors: string[];
}

export async function harvest(schema: GraphQLSchema, ask: Ask): Promise<Harvest> {
  const found: Harvest = { ids: new Map(), cursors: [] };
  for (const query of rootLists(schema)) collect((await ask(query)).data, found);
  let left = relationsOf(schema);
  for (;;) {
    const reachable = left.filter(({ from }) => found.ids.has(from));
    if (reachable.length === 0) break;
    left = left.filter((relation) => !reachable.includes(relation));
    for (const { from, query } of reachable) collect((await ask(query, { ids: found.ids.get(from)?.slice(0, 10) })).data, found);
  }
  return found;
}

/** The lists that need no arguments. */
function rootLists(schema: GraphQLSchema): string[] {
  return Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap(({ name, type, args }) => {
    const page = getNamedType(type);
    const nodes = isObjectType(page) ? page.getFields().nodes : undefined;
    const node = getNamedType(nodes?.type);
    const hasId = isObjectType(node) && node.getInterfaces().some((one) => one.name === "Node");
    return hasId && !args.some(isRequiredArgument) ? [`{ ${name}(first: ${mostOfEach}) { pageInfo { endCursor } nodes { id } } }`] : [];
  });
}

function collect(value: unknown, into: Harvest): void {
  if (Array.isArray(value)) for (const one of value) collect(one, into);
  if (typeof value !== "object" || value === null) return;
  for (const [name, inside] of Object.entries(value)) {
    if (name === "id" && typeof inside === "string") keep(inside, into.ids);
    else if (/cursor$/i.test(name) && typeof inside === "string") into.cursors.push(inside);
    else collect(inside, into);
  }
}

function keep(id: string, into: Map<string, string[]>): void {
  const { typename } = decodeId(id);
  const known = into.get(typename) ?? [];
  into.set(typename, known);
  if (known.length < mostOfEach && !known.includes(id)) known.push(id);
}
