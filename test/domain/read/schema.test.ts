import { readFile } from "node:fs/promises";
import {
  type GraphQLNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { describe, expect, it } from "vitest";
import { schema, schemaText } from "../../../src/domain/schema.ts";

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"));
const ours = types.filter(({ name }) => !["String", "Int", "Float", "Boolean", "ID"].includes(name));
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) => type ?? []);

/** Every name that a person meets, with its description. */
function* described(type: GraphQLNamedType): Generator<[string, string | null | undefined]> {
  yield [type.name, type.description];
  if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field.description];
    if ("args" in field) for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name})`, arg.description];
  }
}

describe("the schema", () => {
  it("describes every type, field, argument and value", () => {
    const silent = ours.flatMap((type) => [...described(type)]).filter(([, description]) => !description?.trim());
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it("says of every root field who may use it", () => {
    const open = roots.flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => !hasScopes(field.extensions))
        .map(({ name }) => `${type.name}.${name}`),
    );
    expect(open).toEqual([]);
  });

  it("lets one root field fail without the others", () => {
    const strict = roots.flatMap((type) => Object.values(type.getFields()).filter((field) => isNonNullType(field.type)));
    expect(strict.map(({ name }) => name)).toEqual([]);
  });

  it("gives an id to entities only", () => {
    const withId = ours.filter((type) => isObjectType(type) && type.getFields().id);
    for (const type of withId) expect(isObjectType(type) && type.getInterfaces().map(({ name }) => name)).toContain("Node");
  });

  it("has no field that can't be selected from two members of a list at once", () => {
    for (const type of types.filter(isAbstractType)) {
      const fields = schema.getPossibleTypes(type).flatMap((member) => Object.values(member.getFields()));
      for (const [name, same] of Map.groupBy(fields, (field) => field.name)) {
        if (type.name !== "Node" && type.name !== "TaskTarget")
          expect([type.name, name, [...new Set(same.map((field) => String(field.type)))]]).toHaveProperty("2.length", 1);
      }
    }
  });

  it("is what schema.graphql says", async () => {
    const written = await readFile(new URL("../../../schema.graphql", import.meta.url), "utf8");
    expect(schemaText() === written, "stale: npm run schema writes it anew").toBe(true);
  });
});

function hasScopes(extensions: object): boolean {
  const options: unknown = Object.entries(extensions).find(([key]) => key === "pothosOptions")?.[1];
  return typeof options === "object" && options !== null && "authScopes" in options;
}
