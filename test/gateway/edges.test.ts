/** Edges of rows as PostgreSQL sent them are written as graphql's own answer has them. */
import { execute, getOperationAST, getVariableValues, parse } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { compile } from "../../src/gateway/compiler.ts";
import { Written } from "../../src/gateway/compiler-text.ts";
import { type Asker, anAsker, at } from "../domain/read/support.ts";
import { aPair } from "../support/rows.ts";

let asker: Asker;
const names = ["plain", 'a "quote"', "back\\slash", "tab\tand\u0001", "Üml 😀", "y", "yy", "yyy", "n".repeat(255), '"'.repeat(255)];

beforeAll(async () => {
  asker = await anAsker();
  const { recoverySiteId: siteId } = await aPair(asker.database);
  await asker.database.prisma.virtualMachine.createMany({ data: names.map((name, nth) => ({ siteId, externalId: `e${nth}`, name })) });
});
afterAll(() => asker.drop());

/** The text of both answers, and the compiled one's data. */
async function both(query: string, variables: Record<string, unknown> = {}) {
  const document = parse(query);
  const operation = getOperationAST(document);
  const { coerced = {} } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
  const compiled = operation && compile(schema, document, operation, {}, 2_000);
  const { stringify, ...got } = (await compiled?.run(undefined, asker.context(), coerced)) ?? {};
  const expected = await execute({ schema, document, variableValues: variables, contextValue: asker.context() });
  return { expected: JSON.stringify(expected), got: stringify?.() ?? JSON.stringify(got), again: JSON.stringify(got), data: got.data };
}

const node = "node { id name powerState cpuCount }";

it.each([
  `{ vms { edges { cursor ${node} } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`,
  "{ vms { edges { c: cursor __typename d: cursor node { __typename a: name b: name } other: node { id } } totalCount } }",
  `{ vms(last: 3, orderBy: { field: NAME, direction: DESC }) { edges { ${node} cursor } } }`,
  `{ vms(orderBy: { field: LAST_SYNC_TIME }) { edges { cursor ${node} } } }`,
  `{ vms(filter: { name: "y" }) { edges { cursor ${node} } nodes { name } pageInfo { endCursor } } }`,
  `{ vms(filter: { name: "no such" }) { edges { cursor ${node} } pageInfo { startCursor endCursor } } }`,
  `{ vms { edges { ${Array.from({ length: 30 }, (_, nth) => `c${nth}: cursor`).join(" ")} node { name } } } }`,
])("%s", async (query) => {
  const { expected, got, again, data } = await both(query);
  expect(got).toBe(expected);
  expect(again).toBe(expected);
  expect(at(data, "vms.edges")).toBeInstanceOf(Written);
});

it("goes on where a written cursor says", async () => {
  const query = `query ($after: String) { vms(first: 1, after: $after) { edges { cursor node { name } } } }`;
  const found: unknown[] = [];
  for (let after: unknown = null; ; ) {
    const { got } = await both(query, { after });
    const answer: unknown = JSON.parse(got);
    if (at(answer, "data.vms.edges.0") === undefined) break;
    found.push(at(answer, "data.vms.edges.0.node.name"));
    after = at(answer, "data.vms.edges.0.cursor");
  }
  expect(found.sort()).toEqual([...names].sort());
});

it("makes edges where more is asked for than can be written", async () => {
  for (const query of ["{ vms { edges { cursor node { name faults { code } } } } }", "{ sites { edges { cursor node { name } } } }"]) {
    const { expected, got } = await both(query);
    expect(got).toBe(expected);
  }
});
