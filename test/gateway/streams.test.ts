import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventStream, type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
beforeAll(async () => {
  server = await testGateway({ lookMs: 50 });
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
