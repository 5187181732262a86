/** Inputs by their type: mostly such as fit, some that look so, some that are hostile. */
import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLList,
  type GraphQLNamedInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from "graphql";
import { v4 as uuid } from "uuid";
import { encodeId } from "../../../src/domain/ids.ts";
import type { Chance } from "./chance.ts";

export interface World {
  /** Global ids of what there is, by type. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  /** Places in lists and streams. */
  readonly cursors: readonly string[];
  /** Share of values that are hostile, 0 to 1. */
  readonly hostility: number;
}

const plain = ["x", "web", "db-1", "WebApp-Recovery-Plan", "10.0.2.17", "/scripts/verify-db.sh", "2026-01-01T00:00:00Z"];
const odd = [
  "",
  " ",
  "a\u0000b",
  "\u0000",
  "\ud800",
  "\udfff\ud83d",
  "😀".repeat(100),
  "é\u0301\u202e",
  "%_\\",
  "'; DROP TABLE site; --",
  "../../etc/passwd",
  "1e309",
  "tab\tand\nline",
  "a".repeat(255),
  "a".repeat(256),
  "ü".repeat(5_000),
  "0".repeat(40_000),
];
const integers = [0, 1, 2, 3, 5, 15, 24, 60, 100, 300, 500, 501, -1, 1440, 86_400, 86_401, 2 ** 31 - 1, -(2 ** 31)];
const dates = [
  "2026-01-01T00:00:00Z",
  "2000-02-29T23:59:59.999+14:00",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2026-02-30T00:00:00Z",
  "infinity",
  "",
];
const misfits: readonly unknown[] = [
  null,
  true,
  2 ** 31,
  -1.5,
  1e300,
  "",
  "NO_SUCH_VALUE",
  [],
  [[[[]]]],
  {},
  { __proto__: null, a: 1 },
  "\u0000",
];

/** A JSON value. `name` is the argument's or field's, which tells ids of what are wanted. */
export function inputFor(type: GraphQLInputType, name: string, chance: Chance, world: World, depth = 0): unknown {
  if (chance.often(world.hostility / 2)) return misfit(chance);
  if (!isNonNullType(type) && chance.often(0.05)) return null;
  return fitting(getNullableType(type), name, chance, world, depth);
}

function fitting(
  type: GraphQLNamedInputType | GraphQLList<GraphQLInputType>,
  name: string,
  chance: Chance,
  world: World,
  depth: number,
): unknown {
  if (isListType(type)) return listOf(type.ofType, name, chance, world, depth);
  if (isInputObjectType(type)) return inputOf(type, chance, world, depth);
  if (isEnumType(type)) return chance.pick(type.getValues()).name;
  switch (type.name) {
    case "ID":
      return idFor(name, chance, world);
    case "Boolean":
      return chance.often(0.5);
    case "Int":
      return /^(first|last)$/.test(name) && chance.often(0.9) ? 1 + chance.int(5) : chance.pick(integers);
    case "DateTime":
      return chance.pick(chance.often(0.7) ? dates.slice(0, 2) : dates);
    case "String":
      if (/^(after|before)$/.test(name) && chance.often(0.7)) return chance.pick(world.cursors);
      return chance.often(0.3)
        ? `${chance.pick(["web", "db", "app", "plan", "site"])}-${chance.int(10_000)}`
        : chance.pick(chance.often(0.4) ? plain : odd);
    default:
      return chance.pick([...integers, 2 ** 53, "x"]);
  }
}

const misfit = (chance: Chance): unknown => (chance.often(0.1) ? nested(200) : chance.pick(misfits));
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

function listOf(type: GraphQLInputType, name: string, chance: Chance, world: World, depth: number): unknown {
  const hostile = chance.often(world.hostility / 4);
  const one = () => inputFor(type, name, chance, world, depth + 1);
  if (hostile) {
    const many = chance.pick([501, 3_000]);
    const value = one();
    // A few long ones are over every limit already. More would only keep this process, which is the gateway's too, busy with writing them.
    return Array<unknown>(JSON.stringify(value).length > 1_000 ? 20 : many).fill(value);
  }
  if (chance.often(0.05)) return one();
  return Array.from({ length: chance.int(4) }, one);
}

function inputOf(type: GraphQLInputObjectType, chance: Chance, world: World, depth: number): Record<string, unknown> {
  const fields = Object.values(type.getFields());
  const optional = fields.filter((field) => !isRequiredInputField(field));
  const chosen = type.isOneOf ? [chance.pick(fields)] : [...fields.filter(isRequiredInputField), ...someOf(optional, chance, depth)];
  const value: Record<string, unknown> = {};
  for (const field of chosen) value[field.name] = inputFor(field.type, field.name, chance, world, depth + 1);
  if (!chance.often(world.hostility / 2)) return value;
  const [first] = chosen;
  if (first && chance.often(0.5)) delete value[first.name];
  else value[chance.pick(["nothing", "constructor", ...fields.map(({ name }) => name)])] = misfit(chance);
  return value;
}

const someOf = (fields: readonly GraphQLInputField[], chance: Chance, depth: number) => chance.some(fields, 0, depth > 3 ? 1 : 5);

function idFor(name: string, chance: Chance, { ids, hostility }: World): string {
  if (chance.often(hostility)) return chance.pick([...odd, encodeId("Nothing", "x"), encodeId("Site", "not-a-uuid"), "U2l0ZTox"]);
  const types = [...ids.keys()];
  const meant = types.filter((type) => isMeant(name, type));
  const type = chance.pick(meant.length > 0 && chance.often(0.9) ? meant : types);
  return chance.often(0.1) ? encodeId(type, uuid()) : chance.pick(ids.get(type) ?? []);
}

/** planId: a RecoveryPlan; vmIds: VirtualMachines; id of the field recoveryPlan, which comes as recoveryPlanId: a RecoveryPlan. */
function isMeant(name: string, type: string): boolean {
  const wanted = name.replace(/(^i|I)ds?$/, "").toLowerCase();
  const initials = type.replace(/[a-z]/g, "").toLowerCase();
  return wanted !== "" && (type.toLowerCase().endsWith(wanted) || wanted.endsWith(initials) || wanted.endsWith(type.toLowerCase()));
}

/** As a literal in the document. Words in capitals are values of enums: no other string is one. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, inside]) => `${name}: ${literal(inside)}`)
      .join(", ")} }`;
  return typeof value === "string" && /^[A-Z_]+$/.test(value) ? value : JSON.stringify(value);
}
