import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryUsed } from "../support/heap.ts";
import { rawSocket, type TestGateway, testGateway } from "./support.ts";

let server: TestGateway;
beforeAll(async () => {
  server = await testGateway({ pingMs: 3_000 });
});
afterAll(() => server.close());

const reader = async () => {
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
  await socket.next("connection_ack");
  socket.subscribe("1", "subscription { ticks { n text } }");
  return socket;
};

describe("a client that stops reading", () => {
  it("holds back its own source, is ended by the ping, and does not disturb the others", async () => {
    const reading = await reader();
    await server.ticks.opened(1);
    const paused = await reader();
    await server.ticks.opened(2);
    paused.socket.pause();

    const before = await memoryUsed();
    for (let n = 0; n < 1_000; n++) {
      server.ticks.push(n); // 16 KB each
      const { payload } = await reading.next("next", "1");
      expect(payload).toMatchObject({ data: { ticks: { n } } });
    }
    const pulls = server.ticks.pulls();
    expect(pulls).toBeLessThan(1_500); // the paused one pulled what fits into the kernel's buffers, and no more
    expect(((await memoryUsed()) - before) / 2 ** 20).toBeLessThan(5);

    await server.ticks.opened(1);
    paused.socket.resume();
    expect((await paused.closed).code).toBe(1006);
    reading.socket.close();
    await server.ticks.opened(0);
    expect(server.gateway.counts()).toEqual({ sockets: 0, streams: 0, sources: 0 });
  });

  it("is told to come back (1013) by what finds that it lags", async () => {
    const { lagging, socket } = await lagger();
    lagging();
    expect((await socket.closed).code).toBe(1013);
    await server.ticks.opened(0);
  });
});

/** A feed calls the caller's `onLagging`. */
async function lagger() {
  const callers: (() => void)[] = [];
  const other = await testGateway({
    contextFactory: (caller) => {
      callers.push(caller.onLagging);
      return { ...caller };
    },
  });
  const socket = await rawSocket(other.graphqlUrl, { sessionToken: other.sessions.open() });
  await socket.next("connection_ack");
  socket.subscribe("1", "subscription { ticks { n } }");
  await other.ticks.opened(1);
  socket.closed.then(() => other.close());
  return { socket, lagging: () => callers[0]?.() };
}
