/** Operations from the schema object itself, so that what is added to it is asked too. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from "graphql";
import type { Chance } from "./chance.ts";
import { inputFor, literal, type World } from "./values.ts";

export type Kind = "query" | "mutation" | "subscription";

export interface Operation {
  readonly kind: Kind;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Such as "Query.sites" and "Site.name": what it selects. */
  readonly selects: ReadonlySet<string>;
}

const deepest = 6;

/** How often an optional argument is given: pages that most often are one. */
const shares: Readonly<Record<string, number>> = { first: 0.7, last: 0.05, after: 0.1, before: 0.05 };

export function operationOf(schema: GraphQLSchema, kind: Kind, chance: Chance, world: World): Operation {
  const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind];
  if (!root) throw new Error(`the schema has no ${kind}`);
  const writer = new Writer(schema, chance, world);
  const count = kind === "query" ? 1 + chance.int(3) : kind === "mutation" && chance.often(0.1) ? 2 : 1;
  const body = writer.fields(root, chance.some(Object.values(root.getFields()), count, count), 0);
  const defined = writer.defined.length > 0 ? ` (${writer.defined.join(", ")})` : "";
  const query = `${kind} Fuzz${defined} { ${body} } ${writer.fragments.join(" ")}`;
  return { kind, query, variables: writer.variables, selects: writer.selects };
}

class Writer {
  readonly defined: string[] = [];
  readonly variables: Record<string, unknown> = {};
  readonly fragments: string[] = [];
  readonly selects = new Set<string>();
  readonly #schema: GraphQLSchema;
  readonly #chance: Chance;
  readonly #world: World;
  #aliases = 0;

  constructor(schema: GraphQLSchema, chance: Chance, world: World) {
    this.#schema = schema;
    this.#chance = chance;
    this.#world = world;
  }

  fields(type: GraphQLNamedType, fields: readonly GraphQLField<unknown, unknown>[], depth: number): string {
    return fields.map((field) => this.#field(type, field, depth)).join(" ");
  }

  #field(type: GraphQLNamedType, field: GraphQLField<unknown, unknown>, depth: number): string {
    this.selects.add(`${type.name}.${field.name}`);
    const given = field.args.filter((arg) => isRequiredArgument(arg) || this.#chance.often(shares[arg.name] ?? 0.4));
    const args = given.length > 0 ? `(${given.map((arg) => `${arg.name}: ${this.#argument(field, arg)}`).join(", ")})` : "";
    const alias = args !== "" && this.#aliases < 25 && depth > 0 ? `a${this.#aliases++}: ` : "";
    return `${alias}${field.name}${args} ${this.#below(getNamedType(field.type), depth + 1)}`;
  }

  /** Half of them as variables. `id` of recoveryPlan is wanted as a RecoveryPlan's. */
  #argument(field: GraphQLField<unknown, unknown>, { name, type }: GraphQLArgument): string {
    const value = inputFor(type, name === "id" ? `${field.name}Id` : name, this.#chance, this.#world);
    const text = literal(value);
    if (this.#chance.often(0.3) && text.length < 2_000) return text;
    const variable = `v${this.defined.length}`;
    const declared = this.#chance.often(0.01) ? this.#chance.pick(["String", "[ID!]!", "Int"]) : String(type);
    this.defined.push(`$${variable}: ${declared}`);
    if (value !== undefined) this.variables[variable] = value;
    return `$${variable}`;
  }

  #below(type: GraphQLNamedType, depth: number): string {
    if (isLeafType(type)) return "";
    const own = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    const leaves = own.filter((field) => isLeafType(getNamedType(field.type)));
    const chosen = depth >= deepest ? this.#chance.some(leaves, 0, 3) : this.#chance.some(own, 1, 4);
    const members = isAbstractType(type) ? this.#chance.some(this.#schema.getPossibleTypes(type), 1, 3) : [];
    const parts = ["__typename", this.fields(type, chosen, depth)];
    for (const member of members)
      parts.push(`... on ${member.name} ${depth >= deepest ? "{ __typename }" : this.#below(member, depth + 1)}`);
    const selection = parts.join(" ");
    if (!this.#chance.often(0.05)) return `{ ${selection} }`;
    const name = `F${this.fragments.length}`;
    this.fragments.push(`fragment ${name} on ${type.name} { ${selection} }`);
    return `{ ...${name} }`;
  }
}

/** Nearly what it was: a piece lost, doubled, or another's in its place. */
export function spoilt(query: string, chance: Chance): string {
  const tokens = query.split(/(?<=[^\w])|(?=[^\w])/);
  const at = chance.int(tokens.length);
  const other = chance.pick([
    ...tokens,
    "@include(if: $x)",
    "...",
    "\u0000",
    "\ud800",
    '"""',
    "#",
    "{",
    "}",
    "fragment F on Query { ...F }",
  ]);
  const [from, to, piece] = chance.pick([
    [at, at + 1, ""],
    [at, at, other],
    [at, at + 1, other],
    [at, tokens.length, ""],
  ] as const);
  return [...tokens.slice(0, from), piece, ...tokens.slice(to)].join("");
}
