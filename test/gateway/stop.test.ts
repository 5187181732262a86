import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { rawSocket, testGateway } from "./support.ts";

describe("stopping", () => {
  it("closes sockets with 1012, without telling any stream that it is complete, and frees the port", async () => {
    const server = await testGateway();
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
        await socket.next("connection_ack");
        socket.subscribe("1", "subscription { ticks { n } }");
        return socket;
      }),
    );
    const silent = await rawSocket(server.graphqlUrl, null);
    await server.ticks.opened(5);
    const started = performance.now();
    await server.gateway.close({ spreadMs: 300 });
    expect(performance.now() - started).toBeGreaterThan(200); // spread
    expect((await Promise.all(sockets.map(({ closed }) => closed))).map(({ code }) => code)).toEqual(Array(5).fill(1012));
    expect((await silent.closed).code).toBe(1012);
    expect(sockets.flatMap(({ messages }) => messages)).toEqual([]);
    expect([server.ticks.open(), server.gateway.counts()]).toEqual([0, { sockets: 0, streams: 0, sources: 0 }]);
    await expect(fetch(server.graphqlUrl)).rejects.toThrow();
  });

  it("says so to the health check and refuses new work, but finishes what is under way", async () => {
    const server = await testGateway();
    const waiting = server.post("{ wait }");
    await server.post("{ hello }"); // behind it, so the first has arrived
    server.gateway.refuse();
    const ready = await fetch(`${server.gateway.url}/health/ready`);
    expect([ready.status, (await ready.json()).reason]).toEqual([503, "stopping"]);
    expect((await fetch(`${server.gateway.url}/health/live`)).status).toBe(200);
    const refused = await server.post("{ hello }");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(refused.errors?.[0]?.extensions.code).toBe("SERVICE_UNAVAILABLE");
    expect((await (await rawSocket(server.graphqlUrl, {})).closed).code).toBe(1006);
    const closed = server.close();
    server.release();
    expect((await waiting).data).toEqual({ wait: "at last" });
    await closed;
  });

  it("does not wait for a socket whose other end does not answer", async () => {
    const server = await testGateway();
    const { socket, next } = await rawSocket(server.graphqlUrl, { sessionToken: server.sessions.open() });
    await next("connection_ack");
    socket.pause();
    await server.close();
    expect(server.gateway.counts().sockets).toBe(0);
    socket.terminate();
  });

  it("does not wait for a connection that says nothing", async () => {
    const server = await testGateway();
    const idle = connect(server.gateway.port, "127.0.0.1");
    await new Promise((resolve) => idle.once("connect", resolve));
    await server.close();
    idle.destroy();
  });
});
