/** The playground: one page that needs nothing from outside, rendered at its first use, kept compressed. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { createBrotliDecompress } from "node:zlib";
import { examples } from "./examples.ts";

export interface RenderedPage {
  /** Brotli, 1.9 MB of 9. */
  readonly compressed: Uint8Array;
  readonly etag: string;
}

export interface Playground {
  /** True: the request was for the page, and has its answer. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createPlayground(): Playground {
  let page: Promise<RenderedPage> | null = null;

  const send = async ({ headers }: IncomingMessage, response: ServerResponse) => {
    page ??= render();
    page.catch(() => {
      page = null; // the next request tries again
    });
    const { compressed, etag } = await page;
    response.setHeaders(
      new Map([
        ["etag", etag],
        ["vary", "accept-encoding"],
        ["cache-control", "no-cache"],
        ["x-frame-options", "DENY"],
      ]),
    );
    if (headers["if-none-match"] === etag) return response.writeHead(304).end();
    const type = { "content-type": "text/html; charset=utf-8" };
    if (/\bbr\b/.test(String(headers["accept-encoding"] ?? ""))) {
      return response.writeHead(200, { ...type, "content-encoding": "br", "content-length": compressed.byteLength }).end(compressed);
    }
    response.writeHead(200, type);
    return Readable.from([compressed]).pipe(createBrotliDecompress()).pipe(response);
  };

  return {
    serve(request, response) {
      // Also with a query in the address, where the page keeps what it shows: a reload is the page again.
      if (request.method !== "GET" || !String(request.headers.accept ?? "").includes("text/html")) return false;
      send(request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else response.writeHead(503, { "content-type": "text/plain" }).end("The playground could not be rendered.\n");
      });
      return true;
    },
  };
}

/** In a thread that ends: it takes a second of work, and modules are never unloaded. */
async function render(): Promise<RenderedPage> {
  const worker = new Worker(new URL("graphiql-worker.ts", import.meta.url), { workerData: tabs() });
  const [rendered]: RenderedPage[] = await once(worker, "message");
  if (!rendered) throw new Error("The worker rendered nothing.");
  return rendered;
}

/** With the cost in each answer; subscriptions go over SSE, which sends the headers (over WebSocket GraphiQL doesn't). */
const tabs = () => examples().map(({ query, variables }) => ({ query, variables, headers: '{\n  "x-query-cost": "true"\n}' }));
