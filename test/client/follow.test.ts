import { createServer } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { FollowError, type Followed, type FollowOptions, follow } from "../../client/follow.ts";
import { followSse } from "../../client/follow-sse.ts";
import { type Fate, type Numbers, type Server, startServer } from "./server.ts";

const query = "subscription Follow($after: String) { numbers(after: $after) { cursor numbers } }";
const servers: { close(): Promise<unknown> }[] = [];
afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.close()))));

async function serve(fates: Fate[], options?: Parameters<typeof startServer>[1]): Promise<Server> {
  const server = await startServer(fates, options);
  servers.push(server);
  return server;
}

type Options = Partial<FollowOptions<Numbers>>;
type Follow = (server: Pick<Server, "http" | "ws">, options?: Options) => { seen: number[]; outcome: Promise<Followed> };
const transport =
  (kind: "WebSocket" | "SSE"): Follow =>
  (server, options = {}) => {
    const seen: number[] = [];
    const all: FollowOptions<Numbers> = {
      url: kind === "SSE" ? server.http : server.ws,
      query,
      onBatch: ({ numbers }) => void seen.push(...numbers),
      ...options,
    };
    return { seen, outcome: kind === "SSE" ? followSse(all) : follow(all) };
  };
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(["WebSocket", "SSE"] as const)("following over %s", (kind) => {
  const run = transport(kind);

  it("shows each event once, in order, however often the connection breaks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), async (cuts) => {
        const fates: Fate[] = [...cuts.map((batches): Fate => ({ batches, end: "BREAK" })), { batches: 2, end: "COMPLETE" }];
        const server = await serve(fates);
        const { seen, outcome } = run(server);
        expect(await outcome).toBe("COMPLETED");
        expect(seen).toEqual(upTo(seen.length));
        expect(seen.length).toBeGreaterThanOrEqual(6); // what was cut off with its connection comes again with the next
        expect(server.asked.length).toBe(cuts.length + 1);
      }),
      { numRuns: 5 },
    );
  });

  it("starts behind `after`, and says who it is", async () => {
    const server = await serve([{ batches: 1, end: "COMPLETE" }]);
    const { seen, outcome } = run(server, { after: "40", token: "session-1" });
    expect(await outcome).toBe("COMPLETED");
    expect([seen, server.asked]).toEqual([[41, 42, 43], [{ after: "40", token: "session-1" }]]);
  });

  it("waits for a gateway that is not there, and asks for a newer token at each connection", async () => {
    const first = await startServer([{ batches: 1, end: "BREAK" }]);
    const port = Number(new URL(first.http).port);
    let [tries, tokens, second]: [number, number, Promise<Server> | null] = [0, 0, null];
    const { seen, outcome } = run(first, {
      token: () => `session-${++tokens}`,
      onReconnect: () => {
        tries++;
        if (tries === 1) void first.close();
        if (tries === 3) second = serve([{ batches: 1, end: "COMPLETE" }], { port });
      },
    });
    expect(await outcome).toBe("COMPLETED");
    expect(seen).toEqual(upTo(6));
    expect(tries).toBe(3);
    const { asked } = (await (second ?? first)) satisfies Server;
    expect(asked).toEqual([{ after: "3", token: `session-${tokens}` }]);
  });

  it("tries again after an error that passes, and gives up at one that stays", async () => {
    const passing = await serve([
      { batches: 1, end: { code: "SERVICE_UNAVAILABLE" } },
      { batches: 1, end: { code: "INTERNAL_ERROR" } },
      { batches: 1, end: { code: "PRECONDITION_FAILED" } },
    ]);
    const { seen, outcome } = run(passing);
    await expect(outcome).rejects.toEqual(new FollowError("as told", "PRECONDITION_FAILED"));
    expect(seen).toEqual(upTo(9));
    expect(passing.open()).toBe(0);
  });

  it("gives up when its session has ended, but first asks once for a newer token", async () => {
    const ended = { batches: 0, end: { code: "UNAUTHORIZED" } };
    const fixed = await serve([ended]);
    await expect(run(fixed, { token: "old" }).outcome).rejects.toMatchObject({ name: "FollowError", code: "UNAUTHORIZED" });
    const renewed = await serve([ended, { batches: 1, end: "COMPLETE" }]);
    expect(await run(renewed, { token: () => "newer" }).outcome).toBe("COMPLETED");
    const refused = await serve([ended, ended]);
    await expect(run(refused, { token: () => "newer" }).outcome).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(refused.asked).toHaveLength(2);
  });

  it("stops when told, and the gateway's source with it", async () => {
    const server = await serve([{ batches: 1, end: "STALL" }]);
    const stop = new AbortController();
    const { outcome } = run(server, { signal: stop.signal, onBatch: () => stop.abort() });
    expect(await outcome).toBe("ABORTED");
    if (kind === "SSE") while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await run(server, { signal: stop.signal }).outcome).toBe("ABORTED");
    expect(server.asked).toHaveLength(1);
  });

  it("stops waiting for the next try when told", async () => {
    const stop = new AbortController();
    const nobody = { http: "http://127.0.0.1:9/graphql", ws: "ws://127.0.0.1:9/graphql" };
    expect(await run(nobody, { signal: stop.signal, onReconnect: () => stop.abort() }).outcome).toBe("ABORTED");
  });

  it("ends with what `onBatch` throws, at that batch", async () => {
    const server = await serve([{ batches: 3, end: "COMPLETE" }]);
    let calls = 0;
    const onBatch = () => {
      calls++;
      throw new Error("the page is gone");
    };
    await expect(run(server, { onBatch }).outcome).rejects.toThrow("the page is gone");
    expect(calls).toBe(1);
  });

  it("gives up a connection that has fallen silent, and resumes on another", async () => {
    const server = await serve([
      { batches: 1, end: "STALL" },
      { batches: 1, end: "COMPLETE" },
    ]);
    // yoga speaks every 300 ms under test; on a busy machine 100 ms may also end a connection that was only slow
    const { seen, outcome } = run(server, { silenceMs: 100 });
    expect(await outcome).toBe("COMPLETED");
    expect(server.asked.length).toBeGreaterThanOrEqual(2);
    expect(seen).toEqual(upTo(seen.length));
  });
});

describe("close codes of a WebSocket", () => {
  const run = transport("WebSocket");

  it.each([1000, 1001, 1011, 1012, 1013, 4408, 4500])("%i resumes", async (code) => {
    const server = await serve([
      { batches: 1, end: code },
      { batches: 1, end: "COMPLETE" },
    ]);
    const { seen, outcome } = run(server);
    expect(await outcome).toBe("COMPLETED");
    expect(seen).toEqual(upTo(6));
  });

  it.each([4400, 4401, 4403])("%i is the end for a token that stays the same", async (code) => {
    const { outcome } = run(await serve([{ batches: 1, end: code }]), { token: "session-1" });
    await expect(outcome).rejects.toThrow(`${code} as told`);
  });

  it("4403 asks for a newer token", async () => {
    let tokens = 0;
    const server = await serve([
      { batches: 1, end: 4403 },
      { batches: 1, end: "COMPLETE" },
    ]);
    expect(await run(server, { token: () => `session-${++tokens}` }).outcome).toBe("COMPLETED");
    expect(server.asked.map(({ token }) => token)).toEqual(["session-1", "session-2"]);
  });

  it("4401 before the stream begins is a FollowError", async () => {
    const server = await serve([], { tokens: ["good"] });
    await expect(run(server, { token: "bad" }).outcome).rejects.toMatchObject({ name: "FollowError", code: "UNAUTHORIZED" });
    expect(server.asked).toEqual([]);
  });
});

describe("an answer over HTTP", () => {
  async function answering(status: number, type: string, pieces: readonly (string | Uint8Array)[] | "NEVER") {
    let requests = 0;
    const server = createServer(async (_request, response) => {
      requests++;
      if (pieces === "NEVER") return;
      response.writeHead(status, { "content-type": type });
      for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return { url: `http://127.0.0.1:${address.port}/`, requests: () => requests };
  }

  it("may come in pieces of any size", async () => {
    const text = `:\n\nevent: next\ndata: ${JSON.stringify({ data: { numbers: { cursor: "é\u{1F600}", numbers: [1] } } })}\n\nevent: complete\ndata:\n\n`;
    const { url } = await answering(
      200,
      "text/event-stream; charset=utf-8",
      Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)),
    );
    const cursors: string[] = [];
    expect(await followSse<Numbers>({ url, query, onBatch: ({ cursor }) => void cursors.push(cursor) })).toBe("COMPLETED");
    expect(cursors).toEqual(["é\u{1F600}"]);
  });

  it("that ends before the stream is complete, or never begins, is asked for again", async () => {
    const event = `event: next\ndata: ${JSON.stringify({ data: { numbers: { cursor: "3", numbers: [1, 2, 3] } } })}\n\n`;
    for (const pieces of [[event], "NEVER"] as const) {
      const { url } = await answering(200, "text/event-stream", pieces);
      const stop = new AbortController();
      let reconnects = 0;
      const onReconnect = () => {
        reconnects++;
        stop.abort();
      };
      expect(await followSse<Numbers>({ url, query, onBatch: () => {}, onReconnect, signal: stop.signal, silenceMs: 200 })).toBe("ABORTED");
      expect(reconnects).toBe(1);
    }
  });

  it("with an error is final, but for those that pass", async () => {
    const follow = (url: string, stop?: AbortController) => {
      const reconnect = stop === undefined ? {} : { onReconnect: () => stop.abort(), signal: stop.signal };
      return followSse<Numbers>({ url, query, onBatch: () => {}, ...reconnect });
    };
    const body = JSON.stringify({ errors: [{ message: "no", extensions: { code: "INVALID_REQUEST" } }] });
    const invalid = await answering(400, "application/json", [body]);
    await expect(follow(invalid.url)).rejects.toMatchObject({ name: "FollowError", code: "INVALID_REQUEST" });
    const unknown = await answering(401, "text/html", ["<p>who?</p>"]);
    await expect(follow(unknown.url)).rejects.toMatchObject({ name: "FollowError", code: "UNAUTHORIZED" });
    const missing = await answering(404, "text/html", ["<p>where?</p>"]);
    await expect(follow(missing.url)).rejects.toMatchObject({ name: "FollowError", code: null });
    const restarting = await answering(502, "text/html", ["<p>soon</p>"]);
    expect(await follow(restarting.url, new AbortController())).toBe("ABORTED");
    expect(restarting.requests()).toBe(1);
  });
});
