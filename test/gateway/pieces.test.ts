/** Answers that are made as they are read, over a real connection. */
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, expect, it } from "vitest";
import { begun, sendPieces } from "../../src/gateway/pieces.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** What serving ended with: null, or its error. */
async function serving(make: () => AsyncIterable<Uint8Array>): Promise<{ readonly url: string; readonly ended: Promise<unknown> }> {
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const server = createServer(async (_request, response) => {
    try {
      const pieces = await begun(make());
      response.writeHead(200);
      await sendPieces(pieces, response);
      resolve(null);
    } catch (error) {
      if (!response.headersSent) response.writeHead(503).end();
      resolve(error);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close().closeAllConnections());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, ended };
}

const piece = new Uint8Array(100_000).fill(1);

it("an answer of many pieces comes whole and in order", async () => {
  const { url } = await serving(async function* () {
    for (let at = 0; at < 20; at++) yield new Uint8Array(10_000).fill(at);
  });
  const body = new Uint8Array(await (await fetch(url)).arrayBuffer());
  expect(Array.from({ length: 20 }, (_, at) => body[at * 10_000 + 9_999])).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(body).toHaveLength(200_000);
});

it("an answer that is refused before its first piece has the refusal's status", async () => {
  const { url } = await serving(async function* () {
    if (piece.length > 0) throw new Error("full");
    yield piece;
  });
  expect((await fetch(url)).status).toBe(503);
});

it("an answer that fails on its way is cut, so that nobody takes it for whole", async () => {
  const { url, ended } = await serving(async function* () {
    yield piece;
    throw new Error("lost");
  });
  await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
  expect(await ended).toMatchObject({ message: "lost" });
});

it("an answer whose reader goes away is no longer made, and gives back what it holds", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<string>();
  const { url } = await serving(async function* () {
    try {
      for (;;) yield piece;
    } finally {
      release("released");
    }
  });
  const gone = new AbortController();
  const response = await fetch(url, { signal: gone.signal });
  await response.body?.getReader().read();
  gone.abort();
  expect(await released).toBe("released");
});
