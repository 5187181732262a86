import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { rawSocket, type TestGateway, testGateway, wsClient } from "./support.ts";

let server: TestGateway;
beforeAll(async () => {
  server = await testGateway({ lookMs: 50, allowedOrigins: ["https://console.example"] });
});
afterAll(() => server.close());

const signedIn = async (token = server.sessions.open()) => {
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: token });
  await socket.next("connection_ack");
  return { ...socket, token };
};
const ticks = "subscription { ticks { n madeFor } }";

describe("signing in over WebSocket", () => {
  it.each([
    ["sessionToken", (token: string) => ({ sessionToken: token })],
    ["session-token", (token: string) => ({ "session-token": token })],
    ["Authorization", (token: string) => ({ Authorization: `Bearer ${token}` })],
  ])("takes the token as %s in connectionParams", async (_name, params) => {
    const socket = await rawSocket(server.graphqlUrl, params(server.sessions.open()));
    await socket.next("connection_ack");
    socket.subscribe("1", "{ secret }");
    expect((await socket.next("next", "1")).payload).toEqual({ data: { secret: "for ada" } });
    socket.socket.close();
  });

  it("takes it from the upgrade's headers too", async () => {
    const socket = await rawSocket(server.graphqlUrl, {}, { "session-token": server.sessions.open() });
    await socket.next("connection_ack");
    socket.socket.close();
  });

  it("takes it from two headers that agree, not from two that disagree", async () => {
    const [one, two] = [server.sessions.open(), server.sessions.open()];
    const both = (...tokens: string[]) => rawSocket(server.graphqlUrl, {}, { authorization: tokens.map((token) => `Bearer ${token}`) });
    const socket = await both(one, one);
    await socket.next("connection_ack");
    socket.socket.close();
    expect((await (await both(one, two)).closed).code).toBe(4401);
  });

  it.each([
    ["no token", () => ({}), 4401],
    ["an unknown one", () => ({ sessionToken: "nonsense" }), 4401],
    ["two that disagree", () => ({ sessionToken: server.sessions.open(), Authorization: `Bearer ${server.sessions.open()}` }), 4401],
    ["an expired one", () => ({ sessionToken: server.sessions.open(-1) }), 4403],
  ])("closes on %s", async (_name, params, code) => {
    expect((await (await rawSocket(server.graphqlUrl, params())).closed).code).toBe(code);
  });

  it("lets a client try again while the database is away", async () => {
    server.sessions.goAway(new Error("Connection terminated unexpectedly"));
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    expect((await socket.closed).code).toBe(1013);
    server.sessions.goAway(null);
  });

  it("closes with 4408 when nothing is said", async () => {
    const hasty = await testGateway({ initMs: 200 });
    expect((await (await rawSocket(hasty.graphqlUrl, null)).closed).code).toBe(4408);
    await hasty.close();
  });

  it("refuses upgrades elsewhere, and from other origins", async () => {
    const upgrade = async (path: string, origin: string) => {
      const socket = connect(server.gateway.port, "127.0.0.1");
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      );
      return (await text(socket)).split("\r\n", 1)[0];
    };
    expect(await upgrade("/elsewhere", "https://console.example")).toBe("HTTP/1.1 404 Not Found");
    expect(await upgrade("/graphql", "https://evil.example")).toBe("HTTP/1.1 403 Forbidden");
  });
});

describe("operations over WebSocket", () => {
  it("a syntax error on one stream leaves the others alive", async () => {
    const { subscribe, next, socket } = await signedIn();
    subscribe("good", ticks);
    await server.ticks.opened(1);
    subscribe("bad", "subscription { ticks {");
    await next("error", "bad");
    subscribe("wrong", "query A { hello } query B { hello }");
    await next("error", "wrong");
    server.ticks.push(7);
    expect((await next("next", "good")).payload).toMatchObject({ data: { ticks: { n: 7 } } });
    socket.close();
    await server.ticks.opened(0);
  });

  it("runs queries and mutations", async () => {
    const { subscribe, next, socket } = await signedIn();
    const before = server.bumped();
    subscribe("1", "mutation { bump(by: 3) }");
    expect((await next("next", "1")).payload).toEqual({ data: { bump: before + 3 } });
    await next("complete", "1");
    socket.close();
  });

  it("executes each event in a context of its own", async () => {
    const { subscribe, next, socket } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    const made: unknown[] = [];
    for (const n of [1, 2, 3]) {
      server.ticks.push(n);
      const { payload } = await next("next", "1");
      made.push(JSON.parse(JSON.stringify(payload)).data.ticks.madeFor);
    }
    expect(new Set(made).size).toBe(3);
    socket.close();
    await server.ticks.opened(0);
  });

  it("tells a source's failure as an error, once, and closes it", async () => {
    const { subscribe, next, messages, socket } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    server.ticks.fail(new Error("the log is gone: secret"));
    expect((await next("error", "1")).payload).toMatchObject([{ extensions: { code: "INTERNAL_ERROR" } }]);
    await server.ticks.opened(0);
    subscribe("2", "{ hello }");
    await next("complete", "2");
    expect(messages.filter(({ id }) => id === "1")).toEqual([]);
    socket.close();
  });

  it("works with the graphql-ws client", async () => {
    const client = wsClient(server.graphqlUrl, server.sessions.open());
    const stream = client.iterate<{ ticks: { n: number } }>({ query: "subscription { ticks { n } }" });
    const first = stream.next();
    await server.ticks.opened(1);
    server.ticks.push(5);
    expect((await first).value?.data).toEqual({ ticks: { n: 5 } });
    await stream.return?.();
    await server.ticks.opened(0);
    await client.dispose();
  });

  it("tells the graphql-ws client by 4403 that its token has expired, and takes the new one", async () => {
    const codes: unknown[] = [];
    const tokens = [server.sessions.open(-1), server.sessions.open()];
    const client = wsClient(server.graphqlUrl, "", {
      connectionParams: () => ({ sessionToken: tokens[codes.length] }),
      shouldRetry: () => true,
      retryAttempts: 1,
      retryWait: async () => {},
      on: { closed: (event) => codes.push(Object(event).code) },
    });
    expect((await client.iterate({ query: "{ secret }" }).next()).value).toEqual({ data: { secret: "for ada" } });
    expect(codes).toEqual([4403]);
    await client.dispose();
  });
});

describe("no source stays open", () => {
  it("after complete", async () => {
    const { subscribe, send, socket } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    send({ type: "complete", id: "1" });
    await server.ticks.opened(0);
    expect(server.gateway.counts()).toMatchObject({ sources: 0 });
    socket.close();
  });

  it("after the client was killed", async () => {
    const { subscribe, socket } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    socket.terminate();
    await server.ticks.opened(0);
  });

  it("after the session expired: 4403", async () => {
    const { subscribe, closed } = await signedIn(server.sessions.open(300));
    subscribe("1", ticks);
    await server.ticks.opened(1);
    expect((await closed).code).toBe(4403);
    await server.ticks.opened(0);
  });

  it("after the session was deleted by somebody else here: 4401", async () => {
    const { subscribe, closed, token } = await signedIn();
    const other = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    server.sessions.remove(token);
    expect((await closed).code).toBe(4401);
    await server.ticks.opened(0);
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
    other.socket.close();
  });

  it("after its own deleteSession, which is answered first", async () => {
    const { subscribe, next, closed } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    subscribe("2", "mutation { signOut }");
    expect((await next("next", "2")).payload).toEqual({ data: { signOut: true } });
    expect((await closed).code).toBe(4401);
    await server.ticks.opened(0);
  });

  it("after the session was deleted on another node: at the next look, 4401", async () => {
    const { subscribe, closed, token } = await signedIn();
    subscribe("1", ticks);
    await server.ticks.opened(1);
    server.sessions.forget(token);
    expect((await closed).code).toBe(4401);
    await server.ticks.opened(0);
  });
});

describe("a session that was deleted elsewhere", () => {
  it("sees no further event, even before the next look", async () => {
    const late = await testGateway({ lookMs: 3_600_000 });
    const token = late.sessions.open();
    const { subscribe, next, messages, closed } = await rawSocket(late.graphqlUrl, { sessionToken: token });
    await next("connection_ack");
    subscribe("1", "subscription { secretTicks { n } }");
    await late.ticks.opened(1);
    late.sessions.forget(token);
    late.ticks.push(1);
    expect((await closed).code).toBe(4401);
    expect(messages.filter(({ type }) => type === "next")).toEqual([]);
    await late.ticks.opened(0);
    await late.close();
  });
});
