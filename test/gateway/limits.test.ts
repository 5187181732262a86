import { randomUUID } from "node:crypto";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits, useValidDocuments } from "../../src/gateway/limits.ts";
import { memoryUsed } from "../support/heap.ts";
import { rawSocket, type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
beforeAll(async () => {
  server = await testGateway();
});
afterAll(() => server.close());

const nested = (depth: number) => `{ data ${"{ thing ".repeat(depth - 1)} { name } ${"}".repeat(depth - 1)} }`;
const aliased = (count: number, field = "hello") => `{ ${Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(" ")} }`;
const directed = (count: number) => `{ hello ${"@include(if: true) ".repeat(count)} }`;
const long = (tokens: number) => `{ ${"hello ".repeat(tokens - 2)} }`;

const cases = [
  ["tokens", long(limits.tokens + 1), { limit: 1000, measured: 1001 }],
  ["depth", nested(50), { limit: 20, measured: 51 }],
  ["depth in fragments", `query { ...F } fragment F on Query ${nested(30)}`, { limit: 20, measured: 31 }],
  ["aliases", aliased(31), { limit: 30, measured: 31 }],
  ["directives", directed(11), { limit: 10, measured: 11 }],
  ["fields at the root", `{ hello ...F } fragment F on Query ${aliased(30)}`, { limit: 30, measured: 31 }],
  ["mutations", `mutation { bump ${aliased(10, "bump").slice(1)}`, { limit: 10, measured: 11 }],
] as const;

describe("the shape of an operation is limited", () => {
  it.each(cases)("over HTTP: %s", async (_name, query, extensions) => {
    const answer = await server.post(query);
    expect(answer.status).toBe(400);
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "INVALID_REQUEST", ...extensions });
    expect(answer.errors?.[0]?.message).toContain(`at most ${extensions.limit}, found ${extensions.measured}`);
  });

  it.each(cases)("over WebSocket, which stays open: %s", async (_name, query, extensions) => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await socket.next("connection_ack");
    socket.subscribe("1", query);
    expect((await socket.next("error", "1")).payload).toMatchObject([{ extensions: { code: "INVALID_REQUEST", ...extensions } }]);
    socket.subscribe("2", "{ hello }");
    expect((await socket.next("next", "2")).payload).toEqual({ data: { hello: "world" } });
    socket.socket.close();
  });

  it.each([
    ["tokens", long(limits.tokens / 2)], // nearer to it graphql itself gives up comparing so many equal fields
    ["depth", nested(limits.depth - 1)],
    ["aliases", aliased(limits.aliases)],
    ["fields at the root", `{ ${"hello ".repeat(40)} ...F } fragment F on Query ${aliased(29)}`],
    ["mutations", `mutation ${aliased(limits.mutationFields, "bump")}`],
  ])("and what stays under it is answered: %s", async (_name, query) => {
    expect((await server.post(query)).status).toBe(200);
  });

  it("and so is the number of errors that it is told", async () => {
    const answer = await server.post(`{ ${Array.from({ length: 100 }, (_, i) => `f${i}`).join(" ")} }`);
    expect(answer.errors).toHaveLength(11); // ten, and that there are more
  });

  it("each time anew, also for a document that was seen before", async () => {
    const query = aliased(31);
    await server.post(query);
    expect((await server.post(query)).errors?.[0]?.extensions.measured).toBe(31);
  });
});

describe("a socket", () => {
  it("may have 100 operations; one more is refused and the others go on", async () => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await socket.next("connection_ack");
    for (let i = 0; i < limits.operationsPerSocket; i++) socket.subscribe(`s${i}`, "subscription { ticks { n } }");
    await server.ticks.opened(limits.operationsPerSocket);
    socket.subscribe("more", "{ hello }");
    expect((await socket.next("error", "more")).payload).toMatchObject([
      { extensions: { code: "INVALID_REQUEST", limit: 100, measured: 101 } },
    ]);
    server.ticks.push(1);
    expect((await socket.next("next", "s99")).payload).toMatchObject({ data: { ticks: { n: 1 } } });
    socket.socket.close();
    await server.ticks.opened(0);
  });

  it("ends with 4400 after a list of messages", async () => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await socket.next("connection_ack");
    socket.send([{ type: "subscribe", id: "1", payload: { query: "{ hello }" } }]);
    expect((await socket.closed).code).toBe(4400);
  });

  it("ends with 1009 after a message over 64 KiB", async () => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await socket.next("connection_ack");
    socket.subscribe("1", `{ hello } # ${"x".repeat(70_000)}`);
    expect((await socket.closed).code).toBe(1009);
  });
});

describe("the memory for documents", () => {
  it("keeps valid ones only, the last used, within its bounds", () => {
    const two = () => useValidDocuments({ documents: 2, characters: 20, totalCharacters: 1000 });
    const afterThree = ["{ a }", "{ b }", "{ a }", "{ c }"];
    expect(["{ a }", "{ b }", "{ c }"].map((text) => isKept(two(), afterThree, text))).toEqual([true, false, true]);
    const long = `{ a } # ${"x".repeat(20)}`;
    expect(["{ wrong }", long].map((text) => isKept(two(), [text], text))).toEqual([false, false]);
    const small = () => useValidDocuments({ documents: 9, characters: 20, totalCharacters: 10 });
    expect(["{ a }", "{ b }", "{ c }"].map((text) => isKept(small(), ["{ a }", "{ b }", "{ c }"], text))).toEqual([false, true, true]);
  });

  it("does not grow with 400 invalid documents", async () => {
    const invalid = () => server.post(`{ ${Array.from({ length: 100 }, () => `f${randomUUID().replaceAll("-", "")}`).join(" ")} }`);
    const many = async (count: number) => {
      for (let done = 0; done < count; done += 20) await Promise.all(Array.from({ length: 20 }, invalid));
    };
    await many(100);
    server.logged.length = 0;
    const before = await memoryUsed();
    await many(400);
    server.logged.length = 0;
    expect(((await memoryUsed()) - before) / 2 ** 20).toBeLessThan(20); // kept, they would be about 400 MB
  }, 60_000);
});

/** Sends documents through, then asks whether one is known. */
function isKept(plugin: ReturnType<typeof useValidDocuments>, sent: readonly string[], asked: string): boolean {
  const through = (text: string) => {
    let known = false;
    const document = { current: parse(text) };
    const unused = () => {
      throw new Error("not used here");
    };
    const hooks = { context: {}, extendContext: unused };
    const parsed = plugin.onParse?.({
      ...hooks,
      params: { source: text },
      parseFn: unused,
      setParseFn: unused,
      setParsedDocument: (found) => {
        known = true;
        document.current = found;
      },
    });
    if (!known && parsed) parsed({ ...hooks, result: document.current, replaceParseResult: unused });
    const validated = plugin.onValidate?.({
      ...hooks,
      params: { schema: undefined, documentAST: document.current },
      validateFn: validate,
      addValidationRule: unused,
      setValidationFn: () => {},
      setResult: () => {},
    });
    if (validated) validated({ ...hooks, valid: !text.includes("wrong"), result: [], setResult: unused });
    return known;
  };
  sent.forEach(through);
  return through(asked);
}
