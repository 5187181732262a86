import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { controls } from "../../src/gateway/control.ts";
import { eventStream, rawSocket, type TestGateway, testGateway } from "./support.ts";

let now = 0;
let server: TestGateway;
let token: string;
beforeAll(async () => {
  server = await testGateway({ requestsPerMinute: 5, now: () => now });
});
beforeEach(() => {
  now += 60_000; // what tests before have used is free again
  token = server.sessions.open();
});
afterAll(() => server.close());

const ask = (query = "{ hello }", headers: Record<string, string> = { "session-token": token }, variables = {}) =>
  server.post(query, headers, variables);
const use = async (count: number) => {
  for (let i = 0; i < count; i++) await ask();
};
const socketOf = async () => {
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: token });
  await socket.next("connection_ack");
  return socket;
};
const tooMany = { code: "SERVICE_UNAVAILABLE", limit: 5, retryAfterSeconds: 60, remedy: "Try again in 60 s." };

describe("a session's requests within a minute", () => {
  it("are told by every answer, also one to what is no GraphQL", async () => {
    const first = await ask();
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith("ratelimit")))).toEqual({
      "ratelimit-limit": "5",
      "ratelimit-remaining": "4",
      "ratelimit-reset": "60",
      "ratelimit-policy": '"general";q=5;w=60',
      ratelimit: '"general";r=4;t=60',
    });
    now += 10_500;
    const remaining = async (query: string) => (await ask(query)).headers.get("ratelimit-remaining");
    expect([await remaining("{ hello"), await remaining("{ nothing }"), await remaining("{ conflict }")]).toEqual(["3", "2", "1"]);
    expect((await ask("{ data { name } }")).headers.get("ratelimit-reset")).toBe("50");
  });

  it("are no more than the limit, over HTTP and WebSocket together", async () => {
    const socket = await socketOf();
    await use(3);
    for (const id of ["1", "2"]) {
      socket.subscribe(id, "{ hello }");
      expect((await socket.next("next", id)).payload).toEqual({ data: { hello: "world" } });
    }
    const refused = await ask("mutation { bump }");
    expect([refused.status, refused.headers.get("retry-after"), refused.headers.get("ratelimit-remaining")]).toEqual([429, "60", "0"]);
    expect(refused.errors).toMatchObject([{ message: "More than 5 requests within a minute.", extensions: tooMany }]);
    expect(refused.data).toBeUndefined();
    socket.subscribe("3", "mutation { bump }");
    expect((await socket.next("error", "3")).payload).toMatchObject([{ extensions: tooMany }]);
    expect(server.bumped()).toBe(0);
    socket.socket.close();
  });

  it("are as many again as soon as it said", async () => {
    await use(5);
    now += 59_000;
    const refused = await ask();
    expect(refused.errors?.[0]?.extensions.retryAfterSeconds).toBe(1);
    now += 1_000;
    expect((await ask()).status).toBe(200);
  });

  it("do not count for another session, nor for strangers", async () => {
    await use(6);
    expect((await ask("{ hello }", { "session-token": server.sessions.open() })).status).toBe(200);
    expect((await ask("{ hello }", {})).status).toBe(200);
  });

  it("count when they are refused as a document, and are refused so beyond the limit", async () => {
    const socket = await socketOf();
    for (let i = 0; i < 4; i++) expect((await ask("{ nothing }")).status).toBe(400);
    socket.subscribe("1", "{ hello");
    expect((await socket.next("error", "1")).payload).toMatchObject([{ extensions: { code: "INVALID_REQUEST" } }]);
    expect((await ask("{ nothing }")).errors).toMatchObject([{ extensions: tooMany }]);
    socket.subscribe("2", "{ nothing }");
    expect((await socket.next("error", "2")).payload).toMatchObject([{ extensions: tooMany }]);
    socket.socket.close();
  });

  it("count a subscription when it starts, and none of its events", async () => {
    const socket = await socketOf();
    socket.subscribe("1", "subscription { ticks { n } }");
    const stream = await eventStream(server.graphqlUrl, "subscription { ticks { n } }", { "session-token": token });
    await server.ticks.opened(2);
    for (let n = 0; n < 20; n++) {
      server.ticks.push(n);
      expect((await socket.next("next", "1")).payload).toEqual({ data: { ticks: { n } } });
      expect((await stream.next())?.event).toBe("next");
    }
    expect((await ask()).headers.get("ratelimit-remaining")).toBe("2");
    await use(2);
    socket.subscribe("2", "subscription { ticks { n } }");
    expect((await socket.next("error", "2")).payload).toMatchObject([{ extensions: tooMany }]);
    const late = await eventStream(server.graphqlUrl, "subscription { ticks { n } }", { "session-token": token });
    expect(JSON.parse((await late.next())?.data ?? "")).toMatchObject({ errors: [{ extensions: tooMany }] });
    socket.socket.close();
    stream.abort();
    await server.ticks.opened(0);
  });
});

describe("the operator", () => {
  const start = "mutation ($input: StartInput!) { startRecovery(input: $input) }";

  it("can control runs while dashboards have used the session up", async () => {
    await use(6);
    const answer = await ask("mutation { answerPrompt __typename }");
    expect([answer.status, answer.headers.get("ratelimit-policy")]).toEqual([200, '"control";q=5;w=60']);
    expect((await ask(start, undefined, { input: { recoveryType: "DISASTER" } })).status).toBe(200);
    expect((await ask("mutation { ...F } fragment F on Mutation { startRecovery(input: { recoveryType: DISASTER }) }")).status).toBe(200);
  });

  it("has as many of those, and no other thing with them", async () => {
    for (let i = 0; i < 5; i++) expect((await ask("mutation { answerPrompt }")).status).toBe(200);
    expect((await ask("mutation { answerPrompt }")).status).toBe(429);
    await use(5);
    expect((await ask("mutation { answerPrompt bump }")).status).toBe(429);
    expect((await ask(start, undefined, { input: { recoveryType: "TEST" } })).status).toBe(429);
    expect((await ask(start, undefined, { input: {} })).status).toBe(429);
  });

  it.each([...controls, "startRecovery"])("has %s in the schema", (name) => {
    expect(schema.getMutationType()?.getFields()).toHaveProperty(name);
  });
});

describe("requests without a session", () => {
  it("are limited by address, also with a token that is over; signing in apart", async () => {
    const over = { "session-token": server.sessions.open(-1) };
    for (let i = 0; i < 5; i++) expect((await ask("{ hello }", i % 2 ? over : {})).status).toBe(200);
    expect((await ask("{ hello }", {})).status).toBe(429);
    expect((await ask("{ hello }", over)).status).toBe(429);
    expect((await ask("mutation { createSession }", {})).status).toBe(200);
    expect((await ask()).status).toBe(200);
  });

  it("with tokens that disagree too", async () => {
    const both = { "session-token": token, authorization: `Bearer ${server.sessions.open()}` };
    for (let i = 0; i < 5; i++) expect((await ask("{ hello }", both)).status).toBe(401);
    expect((await ask("{ hello }", both)).status).toBe(429);
  });
});

it("a dashboard that asks once a second, for ten minutes, is never refused", async () => {
  const usual = await testGateway({ requestsPerMinute: 100, now: () => now });
  const session = { "session-token": usual.sessions.open() };
  const statuses = new Set<number>();
  for (let second = 0; second < 600; second++) {
    now += 1_000;
    statuses.add((await usual.post("{ data { thing { name things { name } } } }", session)).status);
  }
  expect([...statuses]).toEqual([200]);
  await usual.close();
}, 60_000);
