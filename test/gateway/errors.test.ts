import { request } from "node:http";
import { GraphQLError } from "graphql";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publicError } from "../../src/gateway/errors.ts";
import { remedyOf } from "../../src/gateway/request-remedies.ts";
import { eventStream, rawSocket, type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
beforeAll(async () => {
  server = await testGateway();
});
afterAll(() => server.close());

const shape = {
  requestId: expect.any(String),
  timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  message: expect.any(String),
  remedy: expect.any(String),
};

describe("errors", () => {
  it.each([
    ["a syntax error", "{ hello"],
    ["an unknown field", "{ nothing }"],
    ["a missing argument", "{ twice }"],
    ["two operations and no name", "query A { hello } query B { hello }"],
    ["a variable of another type", 'query ($n: Int = "x") { twice(n: $n) }'],
  ])("say INVALID_REQUEST with 400 to %s", async (_name, query) => {
    const answer = await server.post(query);
    expect(answer.status).toBe(400);
    expect(answer.errors?.[0]?.extensions).toEqual({ ...shape, code: "INVALID_REQUEST" });
  });

  it.each([
    [
      "a document with two operations",
      { query: "query A { hello } query B { hello }" },
      "Send one operation, or name each and send operationName.",
    ],
    [
      "a name that no operation has",
      { query: "query A { hello }", operationName: "B" },
      "Send one operation, or name each and send operationName.",
    ],
    ["JSON that is none", '{"query": "{ hello }"', "JSON library"],
    ["JSON that is no object", '"{ hello }"', "one JSON object"],
    ["no document", { variables: {} }, 'Send the document as "query"'],
    ["variables in a string", { query: "{ hello }", variables: "{}" }, "as a JSON object, not as a string"],
    ["a missing variable", { query: "query ($n: Int!) { twice(n: $n) }" }, 'Send a value for it in "variables"'],
    ["a variable that does not fit", { query: "query ($n: Int!) { twice(n: $n) }", variables: { n: "x" } }, "of the declared type"],
    ["a variable that is not declared", { query: "{ twice(n: $n) }" }, "Declare the variable"],
    ["a syntax error", { query: "{ hello" }, "at the line and column"],
    ["an unknown field", { query: "{ nothing }" }, "open to introspection"],
  ])("say what to do about %s", async (_what, body, remedy) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await fetch(server.graphqlUrl, { method: "POST", headers: { "content-type": "application/json" }, body: text });
    expect(await answer.json()).toMatchObject({
      errors: [{ extensions: { code: "INVALID_REQUEST", remedy: expect.stringContaining(remedy) } }],
    });
  });

  it("say INVALID_REQUEST to a variable that does not fit", async () => {
    const answer = await server.post("query ($n: Int!) { twice(n: $n) }", {}, { n: "many" });
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("name the variable, and where in it the value stands that does not fit", async () => {
    const one = await server.post("query ($n: Int!) { twice(n: $n) }", {}, { n: "many" });
    expect(one.errors?.[0]?.message).toBe('In the variable n: Int cannot represent non-integer value: "many"');
    const originalError = new GraphQLError("DateTime cannot represent an invalid date-time-string today.");
    const whole = `Variable "$input" got invalid value "today" at "input.days[1].from"; ${originalError.message}`;
    const { message } = publicError(new GraphQLError(whole, { originalError }), "r", pino({ level: "silent" }));
    expect(message).toBe(`In the variable input.days[1].from: ${originalError.message}`);
  });

  it("say how a date is written", () => {
    const message =
      'Variable "$input" got invalid value "today" at "input.from"; DateTime cannot represent an invalid date-time-string today.';
    expect(remedyOf(message)).toContain("2026-11-27T00:00:00Z");
  });

  it("say INVALID_REQUEST to an argument that only turns out wrong when it runs", async () => {
    const answer = await server.post("query ($n: Int = 1) { twice(n: $n) }", {}, { n: null });
    expect(answer.errors?.[0]?.extensions.code).toBe("INVALID_REQUEST");
  });

  it("carry a domain error's code, remedy and details", async () => {
    const answer = await server.post("{ conflict }");
    expect(answer.status).toBe(409);
    expect(answer.data).toEqual({ conflict: null });
    expect(answer.errors?.[0]).toMatchObject({
      message: "A test is running.",
      path: ["conflict"],
      extensions: { ...shape, code: "CONFLICT", remedy: "Wait for it.", planName: "Web", lifecycle: "TEST_IN_PROGRESS", limit: 1 },
    });
  });

  it.each([
    ["{ conflict }", 409],
    ["{ conflict secret }", 409],
    ["{ secret }", 401],
    ["{ conflict hello }", 200],
    ["{ conflict __typename }", 200],
  ])("have their status where no root field has data: %s is %d", async (query, status) => {
    expect((await server.post(query)).status).toBe(status);
    expect((await server.post(query, { accept: "application/json" })).status).toBe(status);
  });

  it("show nothing of our inside, and log it with the request's id", async () => {
    const answer = await server.post("{ boom }", { "x-request-id": "inside-1" });
    expect(answer.errors?.[0]?.extensions).toEqual({ ...shape, code: "INTERNAL_ERROR", requestId: "inside-1" });
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|shadow|stack/);
    const line = server.logged.find((one) => one.requestId === "inside-1" && one.err);
    expect(line?.err).toMatchObject({ message: "password=hunter2 at /etc/shadow" });
  });

  it("treat a null that must not be as a fault of ours", async () => {
    const answer = await server.post("{ must }");
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([500, "INTERNAL_ERROR"]);
  });

  it("never share a requestId, also when the same invalid document comes again", async () => {
    const [one, two] = [await server.post("{ nothing }"), await server.post("{ nothing }")];
    expect(one.errors?.[0]?.extensions.requestId).not.toBe(two.errors?.[0]?.extensions.requestId);
  });

  it("are the same over WebSocket and event streams, without what is HTTP's", async () => {
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await socket.next("connection_ack");
    socket.subscribe("1", "{ conflict boom }");
    const answer = await socket.next("next", "1");
    expect(answer.payload).toMatchObject({
      data: { conflict: null, boom: null },
      errors: [{ extensions: { ...shape, code: "CONFLICT" } }, { extensions: { ...shape, code: "INTERNAL_ERROR" } }],
    });
    expect(JSON.stringify(answer)).not.toContain('"http"');
    socket.subscribe("2", "{ nothing }");
    expect((await socket.next("error", "2")).payload).toMatchObject([{ extensions: { ...shape, code: "INVALID_REQUEST" } }]);
    socket.subscribe("3", "subscription { refused { n } }");
    expect((await socket.next("next", "3")).payload).toMatchObject({ errors: [{ extensions: { ...shape, code: "CONFLICT" } }] });
    await socket.next("complete", "3");
    socket.socket.close();

    const stream = await eventStream(server.graphqlUrl, "subscription { refused { n } }");
    const event = await stream.next();
    expect(JSON.parse(event?.data ?? "")).toMatchObject({ errors: [{ extensions: { ...shape, code: "CONFLICT" } }] });
  });

  it("say SERVICE_UNAVAILABLE with 503 and Retry-After while the database is away", async () => {
    const token = server.sessions.open();
    server.sessions.goAway(Object.assign(new Error("connect ECONNREFUSED /tmp/x"), { code: "ECONNREFUSED", syscall: "connect" }));
    const answer = await server.post("{ hello }", { "session-token": token });
    server.sessions.goAway(null);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5 });
    expect(JSON.stringify(answer)).not.toContain("ECONNREFUSED");
  });
});

describe("tokens", () => {
  it.each(["session-token", "vmware-api-session-id", "authorization"])("are read from %s", async (header) => {
    const token = server.sessions.open();
    const answer = await server.post("{ secret }", { [header]: header === "authorization" ? `Bearer ${token}` : token });
    expect(answer.data).toEqual({ secret: "for ada" });
  });

  it("may be sent twice, but not disagree", async () => {
    const [one, two] = [server.sessions.open(), server.sessions.open()];
    expect((await server.post("{ secret }", { "session-token": one, authorization: `Bearer ${one}` })).data).toEqual({ secret: "for ada" });
    const answer = await server.post("{ hello }", { "session-token": one, authorization: `Bearer ${two}` });
    expect([answer.status, answer.data]).toEqual([401, undefined]);
    expect(answer.errors?.[0]?.extensions).toEqual({ ...shape, code: "UNAUTHORIZED", expiredAt: null, remedy: "Send one token." });
  });

  it.each(["session-token", "authorization"])("may be in two headers %s, but not disagree", async (header) => {
    const [one, two] = [server.sessions.open(), server.sessions.open()];
    const ask = (...tokens: string[]) => {
      const values = tokens.map((token) => (header === "authorization" ? `Bearer ${token}` : token));
      const status = new Promise<number | undefined>((resolve, reject) => {
        const query = request(`${server.graphqlUrl}?query={secret}`, { headers: { [header]: values } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        query.on("error", reject).end();
      });
      return status;
    };
    expect([await ask(one, one), await ask(one, two), await ask(two, one)]).toEqual([200, 401, 401]);
  });

  it("are not needed to read the schema, and a bad one does not stand in the way", async () => {
    const answer = await server.post("{ __schema { queryType { name } } }", { "session-token": "nonsense" });
    expect(answer.data).toEqual({ __schema: { queryType: { name: "Query" } } });
  });

  it("say when they expired", async () => {
    const answer = await server.post("{ secret }", { "session-token": server.sessions.open(-1) });
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHORIZED", expiredAt: expect.stringMatching(/Z$/) });
    const unknown = await server.post("{ secret }", { "session-token": "nonsense" });
    expect(unknown.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHORIZED", expiredAt: null });
  });

  it("and variables are never logged", async () => {
    const token = server.sessions.open();
    await server.post(
      "query Looking($n: Int!) { twice(n: $n) secret boom }",
      { "session-token": token, authorization: "Basic YWRhOnNlY3JldA==" },
      { n: 1_234_504_711 },
    );
    const lines = JSON.stringify(server.logged);
    expect(lines).toContain("Looking");
    for (const secret of [token, "YWRhOnNlY3JldA", "1234504711"]) expect(lines).not.toContain(secret);
  });
});
