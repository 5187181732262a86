import { buildSchema, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliver, type EventContext } from "../../src/gateway/deliveries.ts";
import { createLive } from "../../src/gateway/live.ts";
import { createSharedAnswers } from "../../src/gateway/shared-answers.ts";
import { createStreams } from "../../src/gateway/streams.ts";
import { tickSource } from "./doubles.ts";
import { eventStream, rawSocket, type TestGateway, testGateway } from "./support.ts";

const streamsPerSession = 5;
let server: TestGateway;
beforeAll(async () => {
  server = await testGateway({ lookMs: 50, streamsPerSession });
});
afterAll(() => server.close());

const ticks = "subscription { ticks { n madeFor } }";
const open = async (token = server.sessions.open(), query = ticks) => {
  const stream = await eventStream(server.graphqlUrl, query, { "session-token": token });
  await server.ticks.opened(1);
  return { ...stream, token };
};
const dataOf = (event: { data: string } | null) => JSON.parse(event?.data ?? "null");

describe("server-sent events", () => {
  it("deliver each event in a context of its own", async () => {
    const stream = await open();
    expect(stream.response.headers.get("content-type")).toContain("text/event-stream");
    const made: unknown[] = [];
    for (const n of [1, 2, 3]) {
      server.ticks.push(n);
      const answer = dataOf(await stream.next());
      expect(answer.data.ticks.n).toBe(n);
      made.push(answer.data.ticks.madeFor);
    }
    expect(new Set(made).size).toBe(3);
    stream.abort();
    await server.ticks.opened(0);
  });

  it("tell a source's failure once, then complete", async () => {
    const stream = await open();
    server.ticks.fail(new Error("secret"));
    expect(dataOf(await stream.next())).toMatchObject({ errors: [{ extensions: { code: "INTERNAL_ERROR" } }] });
    expect((await stream.next())?.event).toBe("complete");
    expect(await stream.next()).toBeNull();
    await server.ticks.opened(0);
  });

  it("wait with a delivery while the database is away, and lose nothing", async () => {
    const stream = await open();
    server.sessions.goAway(new Error("Connection terminated unexpectedly"));
    server.ticks.push(1);
    server.ticks.push(2);
    const first = stream.next();
    server.sessions.goAway(null);
    expect(dataOf(await first).data.ticks.n).toBe(1);
    expect(dataOf(await stream.next()).data.ticks.n).toBe(2);
    stream.abort();
    await server.ticks.opened(0);
  });
});

describe("a session", () => {
  const refusal = {
    message: "The session has 5 event streams open, and may have 5.",
    extensions: { code: "SERVICE_UNAVAILABLE", limit: 5, current: 5, retryAfterSeconds: 12, remedy: expect.stringContaining("End those") },
  };

  it("may have so many streams over WebSocket and SSE together, also when all come at once; another has its own", async () => {
    const token = server.sessions.open();
    const socket = await rawSocket(server.graphqlUrl, { sessionToken: token });
    await socket.next("connection_ack");
    const sse = (of: string) => eventStream(server.graphqlUrl, ticks, { "session-token": of });
    const kept = await sse(token);
    await server.ticks.opened(1);
    for (let i = 0; i < 10; i++) socket.subscribe(`s${i}`, ticks);
    const refused = await Promise.all(Array.from({ length: 6 }, () => socket.next("next")));
    for (const { payload } of refused) expect(payload).toMatchObject({ errors: [refusal] });
    await server.ticks.opened(streamsPerSession);

    expect(dataOf(await (await sse(token)).next())).toMatchObject({ errors: [refusal] });
    const other = await sse(server.sessions.open());
    await server.ticks.opened(streamsPerSession + 1);
    server.ticks.push(7);
    expect([dataOf(await kept.next()).data.ticks.n, dataOf(await other.next()).data.ticks.n]).toEqual([7, 7]); // those go on

    kept.abort();
    await server.ticks.opened(streamsPerSession);
    socket.subscribe("again", ticks);
    await server.ticks.opened(streamsPerSession + 1); // a place that was given back
    socket.socket.close();
    other.abort();
    await server.ticks.opened(0);
  });

  it("gets the place back of a stream that did not come to be", async () => {
    const token = server.sessions.open();
    for (let i = 0; i < 2 * streamsPerSession; i++) {
      const stream = await eventStream(server.graphqlUrl, "subscription { refused { n } }", { "session-token": token });
      expect(dataOf(await stream.next())).toMatchObject({ errors: [{ extensions: { code: "CONFLICT" } }] });
    }
  });

  it("gets it back too when its connection was gone before the stream was there", async () => {
    const source = tickSource();
    const streams = createStreams({ limit: 1, retryAfterSeconds: 1 });
    const live = createLive({ kind: "stream", close: () => {}, onGone: () => {} });
    live.gone();
    const schema = buildSchema("type Query { a: Int } type Subscription { a: Int }");
    const args = { schema, document: parse("subscription { a }"), rootValue: { a: () => source.source() } };
    const recipients: EventContext["recipients"] = (_signal, { take }) => {
      return () => take({ rights: "", context: () => ({}) });
    };
    const events = { recipients, answers: createSharedAnswers(), alike: null, live, enter: () => streams.enter("session") };
    const stream = await deliver(args, events);
    expect("next" in stream && (await stream.next())).toEqual({ done: true, value: undefined });
    expect([streams.open("session"), source.pulls()]).toEqual([0, 0]);
  });
});

describe("no source of an event stream stays open, and none is told to be complete", () => {
  it("when the client goes", async () => {
    const stream = await open();
    stream.abort();
    await server.ticks.opened(0);
    expect(server.gateway.counts().sources).toBe(0);
  });

  it.each([
    ["expires", () => {}, 300],
    ["is deleted here", (token: string) => server.sessions.remove(token), 3_600_000],
    ["is deleted on another node", (token: string) => server.sessions.forget(token), 3_600_000],
  ])("when the session %s", async (_name, end, lifeMs) => {
    const stream = await open(server.sessions.open(lifeMs));
    end(stream.token);
    await expect(stream.next()).rejects.toThrow();
    await server.ticks.opened(0);
  });

  it("when the gateway stops", async () => {
    const other = await testGateway();
    const stream = await eventStream(other.graphqlUrl, ticks);
    await other.ticks.opened(1);
    const closed = other.close();
    await expect(stream.next()).rejects.toThrow();
    await closed;
    expect(other.ticks.open()).toBe(0);
  });
});
