/** Who waits for an answer goes first, whatever it came by: work that gives way is told from the request's coming to its answer. */
import { request } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { turns } from "../../src/jobs/turns.ts";
import { rawSocket, type TestGateway, testGateway } from "./support.ts";

/** For what hangs. */
const patience = { timeout: 30_000 };

let server: TestGateway;
let waiting: number;
beforeAll(async () => {
  server = await testGateway();
});
afterAll(() => server.close());
beforeEach(() => {
  waiting = 0;
  vi.spyOn(turns, "asked").mockImplementation(() => {
    waiting++;
    return () => waiting--;
  });
});
afterEach(() => void vi.restoreAllMocks());

it("over HTTP, by the door and by yoga, also where it fails", async () => {
  const asked = [server.post("{ wait }"), server.post("{ wait } # no subscription")];
  await vi.waitFor(() => expect(waiting).toBe(2), patience);
  await server.post("{ boom }");
  await vi.waitFor(() => expect(waiting).toBe(2), patience);
  server.release();
  await Promise.all(asked);
  await vi.waitFor(() => expect(waiting).toBe(0), patience);
});

it("over a socket", async () => {
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
  await socket.next("connection_ack");
  socket.subscribe("1", "{ wait }");
  await vi.waitFor(() => expect(waiting).toBe(1), patience);
  socket.subscribe("2", "{ nothing }");
  await socket.next("error");
  expect(waiting).toBe(1);
  server.release();
  await socket.next("complete");
  await vi.waitFor(() => expect(waiting).toBe(0), patience);
  socket.socket.terminate();
});

it("but not while the request still comes, nor while a subscription has nothing to tell", async () => {
  const slow = request(server.graphqlUrl, { method: "POST", headers: { "content-type": "application/json", "content-length": 100 } });
  slow.on("error", () => {});
  slow.write('{"query": ');
  const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
  await socket.next("connection_ack");
  socket.subscribe("1", "subscription { ticks { n } }");
  await vi.waitFor(() => expect(server.ticks.open()).toBe(1), patience);
  await vi.waitFor(() => expect(waiting).toBe(0), patience);
  expect(turns.asked).toHaveBeenCalledOnce(); // when the subscription was admitted
  socket.socket.terminate();
  slow.destroy();
});
