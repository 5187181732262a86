import { buildSchema, parse } from "graphql";
import { expect, it } from "vitest";
import { useDeprecations } from "../../src/gateway/deprecations.ts";
import { rawSocket, testGateway } from "./support.ts";

const schema = buildSchema(`
  type Query { new: String, old: String @deprecated(reason: "Use new."), find(by: Filter, kind: Kind, was: Int @deprecated(reason: "Use by.")): [Thing] }
  type Thing { id: ID!, label: String @deprecated(reason: "Use id.") }
  input Filter { and: [Filter!], name: String, text: String @deprecated(reason: "Use name.") }
  enum Kind { A B @deprecated(reason: "Use A.") }
`);

/** Runs operations past the plugin, and answers what was logged of each. */
function watcher() {
  let now = 0;
  const told: unknown[] = [];
  const plugin = useDeprecations(schema, { info: (line: object) => told.push(line) }, () => now);
  const run = (query: string, variableValues: object = {}) => {
    told.length = 0;
    const call = { operation: { kind: "query", name: "Mine" }, userAgent: "dashboard/1" };
    const args = { schema, document: parse(query), variableValues, contextValue: { call } };
    Reflect.apply(plugin.onExecute ?? (() => {}), plugin, [{ args }]);
    return told.map((line) => Object(line));
  };
  return { run, later: (ms: number) => (now += ms) };
}

it("tells of a deprecated field at its first use, then once an hour with the number of uses", () => {
  const { run, later } = watcher();
  const use = () => run("query Mine { old new }");
  expect(use()).toEqual([{ deprecated: "Query.old", uses: 1, operation: "Mine", userAgent: "dashboard/1" }]);
  expect([...use(), ...use(), ...run("{ new }")]).toEqual([]);
  later(3_599_999);
  expect(use()).toEqual([]);
  later(1);
  expect(use()).toMatchObject([{ deprecated: "Query.old", uses: 4 }]);
});

it.each([
  ["a field below a list", "{ find { label } }", {}, "Thing.label"],
  ["an argument", "{ find(was: 1) { id } }", {}, "Query.find(was)"],
  ["a value", "{ find(kind: B) { id } }", {}, "Kind.B"],
  ["an input's field", '{ find(by: { text: "x" }) { id } }', {}, "Filter.text"],
  ["a value of a variable", "query ($kind: Kind) { find(kind: $kind) { id } }", { kind: "B" }, "Kind.B"],
  [
    "an input's field deep in a variable",
    "query ($by: Filter) { find(by: $by) { id } }",
    { by: { and: [{ name: "x" }, { text: "y" }] } },
    "Filter.text",
  ],
])("knows %s", (_name, query, variables, deprecated) => {
  expect(watcher().run(query, variables)).toMatchObject([{ deprecated, uses: 1 }]);
});

it("is told of both transports, with the client's program", async () => {
  const server = await testGateway();
  await server.post("query Old { hello old }", { "user-agent": "script/2" });
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() }, { "user-agent": "board/3" });
  await socket.next("connection_ack");
  socket.subscribe("1", "subscription { ticks { n was } }");
  await server.ticks.opened(1);
  socket.socket.close();
  expect(server.logged.filter(({ msg }) => msg === "deprecated")).toMatchObject([
    { deprecated: "Query.old", operation: "Old", userAgent: "script/2" },
    { deprecated: "Tick.was", operation: null, userAgent: "board/3" },
  ]);
  await server.close();
});
