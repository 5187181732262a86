import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { schemaChanges, undatedDeprecations } from "../../src/tools/schema-changes.ts";

const released = `
  type Query { plan(id: ID!, depth: Int, deep: Boolean @deprecated(reason: "Use depth. Goes after 2026-06-30.")): Plan, plans: [Plan!]! }
  type Plan { id: ID!, name: String!, notes: String, old: Old @deprecated(reason: "Use name. Goes after 2026-06-30.") }
  type Old { text: String }
  type Mutation { change(input: ChangeInput!): Answer }
  input ChangeInput { name: String, label: String @deprecated(reason: "Use name. Goes after 2026-06-30.") }
  enum State { READY RUNNING IDLE @deprecated(reason: "It is READY. Goes after 2026-06-30.") }
  type Changed { state: State! }
  type Refused { message: String! }
  union Answer = Changed | Refused
`;

/** What the check says after these words of the released schema were replaced. */
async function changing(replaced: Readonly<Record<string, string>>, today = "2026-03-01") {
  const now = Object.entries(replaced).reduce((text, [old, fresh]) => {
    expect(text).toContain(old);
    return text.replace(old, fresh);
  }, released);
  return schemaChanges(buildSchema(released), buildSchema(now), today);
}

const oldField = '@deprecated(reason: "Use name. Goes after 2026-06-30.") }\n  type Old';
const withoutOld = { [`, old: Old ${oldField} { text: String }`]: "}" };

describe("against the last release", () => {
  it.each([
    ["a field is removed", { ", notes: String": "" }, "'notes' was removed"],
    ["an argument is removed", { ", depth: Int": "" }, "'depth: Int' was removed"],
    ["an argument becomes required", { "depth: Int": "depth: Int!" }, "changed from 'Int' to 'Int!'"],
    ["a required argument is added", { "depth: Int": "depth: Int, at: Int!" }, "'at: Int!' added"],
    ["an input field becomes required", { "{ name: String, label": "{ name: String!, label" }, "from 'String' to 'String!'"],
    ["a required input field is added", { "{ name: String, label": "{ name: String, by: Int!, label" }, "'by'"],
    ["an answer may be null that never was", { "name: String!,": "name: String," }, "from 'String!' to 'String'"],
    ["a type changes", { "notes: String": "notes: Int" }, "from 'String' to 'Int'"],
    ["an enum value is removed", { "READY RUNNING": "READY" }, "'RUNNING' was removed"],
    ["a member of an answer is removed", { "Changed | Refused": "Changed" }, "'Refused' was removed"],
  ])("a client breaks when %s", async (_what, replaced, message) => {
    const { breaking } = await changing(replaced);
    expect(breaking).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ["a field", { "notes: String": "notes: String, more: Int" }],
    ["an argument that may be left out", { "depth: Int": "depth: Int, at: Int" }],
    ["an input field that may be left out", { "{ name: String, label": "{ name: String, by: Int, label" }],
    ["a type with a root field", { "type Query {": "type Site { id: ID! } type Query { sites: [Site!]" }],
    ["that an answer is never null", { "notes: String": "notes: String!" }],
    ["a deprecation", { "notes: String": 'notes: String @deprecated(reason: "Use name. Goes after 2027-01-01.")' }],
  ])("adding %s breaks nobody", async (_what, replaced) => {
    expect((await changing(replaced)).breaking).toEqual([]);
  });

  it.each([
    ["enum value", { READY: "READY PAUSED" }, "'PAUSED' was added"],
    ["member of an answer", { "Changed | Refused": "Changed | Refused | Query" }, "'Query' was added"],
  ])("a new %s is shown, since clients may be surprised by it", async (_what, replaced, message) => {
    expect(await changing(replaced)).toEqual({ breaking: [], dangerous: [expect.stringContaining(message)] });
  });

  it.each([
    ["a field, with the type that only it gave", withoutOld],
    ["an argument", { ', deep: Boolean @deprecated(reason: "Use depth. Goes after 2026-06-30.")': "" }],
    ["an input field", { ', label: String @deprecated(reason: "Use name. Goes after 2026-06-30.")': "" }],
    ["an enum value", { 'IDLE @deprecated(reason: "It is READY. Goes after 2026-06-30.")': "" }],
  ])("%s that is deprecated goes after its day, and not before", async (_what, replaced) => {
    expect((await changing(replaced, "2026-06-30")).breaking).toHaveLength(1);
    const late = await changing(replaced, "2026-07-01");
    expect(late.breaking).toEqual([]);
    expect(late.dangerous.length).toBeGreaterThan(0);
  });
});

it("a deprecation says when the thing goes", () => {
  const schema = buildSchema('type Query { a: Int @deprecated(reason: "Use b."), b(x: Int @deprecated): Int }');
  expect(undatedDeprecations(schema)).toEqual(["Query.a", "Query.b.x"]);
  expect(undatedDeprecations(buildSchema(released))).toEqual([]);
});
