import { readFileSync } from "node:fs";
import { getIntrospectionQuery, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { costOf } from "../../src/gateway/cost.ts";
import { examples } from "../../src/gateway/examples.ts";
import { eventStream, rawSocket, type TestGateway, testGateway } from "./support.ts";

const cost = (query: string, variableValues = {}, operationName?: string) =>
  costOf({ schema, document: parse(query), variableValues, operationName }).data;

describe("an operation's cost is about the number of fields that its answer may have", () => {
  it("one for each field, times the size of each page around it", () => {
    expect(cost("{ viewer { name roles } }")).toBe(3);
    expect(cost("{ vms(first: 100) { nodes { id name } } }")).toBe(5 + 100 * (1 + 2));
    expect(cost("{ vms(last: 100) { edges { cursor node { name } } } }")).toBe(5 + 100 * (1 + 1 + 1 + 1));
    expect(cost("{ vms { nodes { id } } }")).toBe(5 + 25 * 2);
    expect(cost("{ sites(first: 2) { nodes { pairings { id } } } }")).toBe(5 + 2 * (1 + 1 + 10));
  });

  it("what a page has once does not count for each entry", () => {
    const plain = cost("{ vms(first: 500) { nodes { id } } }");
    expect(cost("{ vms(first: 500) { totalCount pageInfo { hasNextPage endCursor } nodes { id } } }")).toBe(plain);
  });

  it("by this call's variables and their defaults", () => {
    const query = "query ($n: Int = 3) { vms(first: $n) { nodes { id } } }";
    expect([cost(query), cost(query, { n: 500 }), cost(query, { n: null }), cost(query)]).toEqual([11, 1005, 55, 11]);
    expect(cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: ["a", "b", "c"] })).toBe(4);
  });

  it("of the operation that was chosen, with its fragments", () => {
    const query =
      "query A { viewer { ...V } } query B { vms(first: 10) { nodes { id ...W } } } fragment V on Viewer { name } fragment W on VirtualMachine { name }";
    expect([cost(query, {}, "A"), cost(query, {}, "B")]).toEqual([2, 5 + 10 * 3]);
  });

  it("with no page larger than one may be: the size itself is refused where it is read", () => {
    expect(cost("{ vms(first: 1000000) { nodes { id } } }")).toBe(5 + 500 * 2);
    expect(cost("{ vms(first: -1) { nodes { id } } }")).toBe(5);
  });

  it("without more protection groups than a plan may have, which its priority groups share", () => {
    const groups = (args: string) => cost(`{ recoveryPlan(id: "x") { priorityGroups { protectionGroups${args} { nodes { id } } } } }`);
    const each = (size: number) => 1 + 1 + 10 * (5 + size * 2);
    expect([groups(""), groups("(first: 500)"), groups("(first: 2)")]).toEqual([each(5), each(5), each(2)]);
    expect(cost('{ node(id: "x") { ... on PriorityGroup { protectionGroups { nodes { id } } } } }')).toBe(1 + 5 + 25 * 2);
  });

  it("with the page that a list has by itself", () => {
    expect(cost('{ protectionGroup(id: "x") { vms { nodes { id } } } }')).toBe(1 + 5 + 10 * 2);
  });

  it("more where a field says so", () => {
    expect(cost('{ recoveryPlan(id: "x") { name state } }')).toBe(1 + 1 + 5);
    expect(cost('{ node(id: "x") { ... on RecoveryStep { output { tail } } } }')).toBe(1 + 1 + 20);
  });
});

/** What an overview of 25 plans shows, three levels deep. */
const dashboard = `{ recoveryPlans(first: 25) { totalCount pageInfo { hasNextPage endCursor } nodes { id name state lifecycle vmCount lastTestTime faults { code message }
  protectedSite { name } recoverySite { name } activeRecovery { id state progressPercent currentStep estimatedCompletionTime }
  protectionGroups { nodes { id name protectionState rpoMinutes vms(first: 25) { totalCount nodes { id name powerState protectionState } } } } } } }`;

/** What everybody asks first, at the default page sizes. */
const [, overview = ""] =
  /## An overview.*?```graphql\n([^`]*)```/s.exec(readFileSync(new URL("../../docs/clients.md", import.meta.url), "utf8")) ?? [];

describe("the limit of 250,000", () => {
  it.each(examples())("leaves room for the playground's $name", ({ query, variables }) => {
    const names = [...query.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, name]) => name);
    for (const name of names) expect(cost(query, JSON.parse(variables), name)).toBeLessThan(250_000);
    expect(names.length).toBeGreaterThan(0);
  });

  it.each([
    ["the clients' guide's overview", overview],
    ["a dashboard", dashboard],
    [
      "all VMs of a full plan by group",
      '{ recoveryPlan(id: "x") { protectionGroups(first: 50) { nodes { name vms(first: 500) { nodes { id name powerState } } } } } }',
    ],
    [
      "every field of 500 VMs",
      `{ vms(first: 500) { nodes { id name powerState protectionState rpoViolation replicationInfo { state lagMinutes } recoverySettings { priority dependsOnVms { name } } } } }`,
    ],
  ])("leaves room for %s", (_name, query) => {
    expect(cost(query)).toBeLessThan(250_000);
  });

  it.each([
    ["the highest and the lowest", overview.replace("recoveryPlans", "recoveryPlans(first: 500)").replace("vms {", "vms(first: 500) {")],
    ["even the lowest", overview.replace("vms {", "vms(first: 500) {")],
    ["three", "{ recoveryPlans(first: 500) { nodes { protectionGroups(first: 500) { nodes { vms(first: 500) { nodes { id } } } } } } }"],
    ["two", "{ recoveryPlans(first: 500) { nodes { vms(first: 500) { nodes { id } } } } }"],
  ])("has none for pages of 500 on %s of the levels", (_name, query) => {
    expect(query).toContain("first: 500");
    expect(cost(query)).toBeGreaterThan(250_000);
  });
});

describe("an operation beyond the limit", () => {
  let server: TestGateway;
  let token: string;
  beforeAll(async () => {
    server = await testGateway({ maxQueryCost: 100 });
    token = server.sessions.open();
  });
  afterAll(() => server.close());

  const query = "query Things($n: Int!) { data { things(first: $n) { name } } }";
  const refusal = {
    message: "Cost of the operation: at most 100, found 206. data.things alone costs 205, for 200 entries.",
    extensions: {
      code: "INVALID_REQUEST",
      limit: 100,
      measured: 206,
      remedy: "Take at most 94 by `first` at data.things (now 200), select fewer fields there, or ask in several requests.",
      dearest: [{ path: "data.things", cost: 205, entries: 200, size: 200, argument: "first", fits: 94 }],
    },
  };

  it("is refused as a whole, small and large ones of the same document each by its own variables", async () => {
    const ask = (n: number) => server.post(query, { "session-token": token }, { n });
    expect((await ask(10)).data).toEqual({ data: { things: [{ name: null }] } });
    const refused = await ask(200);
    expect([refused.status, refused.data]).toEqual([400, undefined]);
    expect(refused.errors).toMatchObject([refusal]);
    expect((await ask(10)).status).toBe(200);
    expect((await ask(94)).status).toBe(200); // the size that it was told
    expect((await ask(95)).status).toBe(400);
  });

  it("is told the dearest lists by their path in the answer, however deep, and whether a smaller page is enough", async () => {
    const deep = "{ data { things(first: 5) { all: things(first: 10) { name } thing { things(first: 9) { name } } name } } }";
    const { errors } = await server.post(deep, { "session-token": token });
    expect(errors?.[0]?.extensions.measured).toBe(1 + 5 + 5 * (5 + 10 + 1 + 5 + 9 + 1));
    expect(errors?.[0]?.extensions.dearest).toEqual([
      { path: "data.things.all", cost: 5 * 15, entries: 50, size: 10, argument: "first", fits: null },
      { path: "data.things.thing.things", cost: 5 * 14, entries: 45, size: 9, argument: "first", fits: null },
      { path: "data.things", cost: 5 + 5 * 2, entries: 5, size: 5, argument: "first", fits: 3 },
    ]);
    expect(errors?.[0]?.extensions.remedy).toContain("smaller pages by `first` at data.things.all (now 10) and around it");
  });

  it("is refused over WebSocket, and a subscription before its source opens", async () => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: token });
    await socket.next("connection_ack");
    socket.subscribe("1", query, { n: 200 });
    expect((await socket.next("next", "1")).payload).toMatchObject({ errors: [refusal] });
    const many = `subscription { ticks { ${Array.from({ length: 30 }, (_, i) => `a${i}: n`).join(" ")} ${"madeFor ".repeat(80)} } }`;
    socket.subscribe("2", many);
    expect((await socket.next("next", "2")).payload).toMatchObject({ errors: [{ extensions: { limit: 100, measured: 111 } }] });
    const stream = await eventStream(server.graphqlUrl, many, { "session-token": token });
    expect(JSON.parse((await stream.next())?.data ?? "")).toMatchObject({ errors: [{ extensions: { measured: 111 } }] });
    expect(server.ticks.pulls()).toBe(0);
    socket.subscribe("3", "{ hello }");
    expect((await socket.next("next", "3")).payload).toEqual({ data: { hello: "world" } });
    socket.socket.close();
  });

  it("may be one that asks about the schema: all of it is allowed, three times as much is not", async () => {
    const full = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, oneOf: true });
    expect((await server.post(full)).errors).toBeUndefined();
    const [, ...fragments] = full.split(/(?=fragment )/);
    const all = ["a", "b", "c"].map((name) => `${name}: __schema { types { ...FullType } directives { args { ...InputValue } } }`);
    const answer = await server.post(`{ ${all.join(" ")} } ${fragments.join(" ")}`);
    expect(answer.errors).toMatchObject([
      { message: expect.stringContaining("about the schema"), extensions: { code: "INVALID_REQUEST", limit: expect.any(Number) } },
    ]);
  });

  it("does not hide what is wrong with its variables", async () => {
    const answer = await server.post(query, { "session-token": token }, { n: "many" });
    expect(answer.errors).toMatchObject([
      { message: expect.stringContaining("cannot represent"), extensions: { code: "INVALID_REQUEST" } },
    ]);
  });
});

describe("who asks by x-query-cost", () => {
  let server: TestGateway;
  beforeAll(async () => {
    server = await testGateway();
  });
  afterAll(() => server.close());
  const extensions = { cost: { measured: 1, limit: 250_000 } };

  it("is told the cost with each answer; others are not", async () => {
    expect(await server.post("{ hello }", { "x-query-cost": "true" })).toMatchObject({ data: { hello: "world" }, extensions });
    expect(await server.post("{ hello }")).not.toHaveProperty("extensions");
    const asking = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open(), "x-query-cost": true });
    await asking.next("connection_ack");
    asking.subscribe("1", "{ hello }");
    expect((await asking.next("next", "1")).payload).toEqual({ data: { hello: "world" }, extensions });
    asking.socket.close();
  });

  it("is told by the logs too", () => {
    expect(server.logged.filter(({ msg }) => msg === "answered").map(({ cost }) => cost)).toEqual([1, 1, 1]);
  });
});
