/** One HTTP port: GraphQL by POST, GET, server-sent events and WebSocket, the playground, health. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { Caller } from "../domain/access/caller.ts";
import type { Sessions } from "../domain/access/sessions.ts";
import { ServiceUnavailableError } from "../domain/errors.ts";
import { createAdmission } from "./admission.ts";
import { createAnswers } from "./answers.ts";
import { type Call, requestIdOf, userAgentOf } from "./call.ts";
import { type Connections, createConnections } from "./connections.ts";
import { credentialsOf } from "./credentials.ts";
import { createDoor } from "./door.ts";
import { serveFile } from "./files.ts";
import { type Gantt, ganttFile, ganttIdOf } from "./gantt.ts";
import { createPlayground } from "./graphiql.ts";
import { createGraphql } from "./graphql.ts";
import { bodyRefusal, refuse, sendJson, urlRefusal } from "./http.ts";
import { limits } from "./limits.ts";
import { listen } from "./listen.ts";
import type { Live } from "./live.ts";
import { createRateLimiter } from "./rate-limit.ts";
import { packIdOf, reportIdOf, type SignedDownload, signedFile } from "./signed-download.ts";
import { createStreams } from "./streams.ts";
import { createSockets, refuseUpgrade } from "./websocket.ts";

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  /** Origins that browsers may call from; empty: any. */
  readonly allowedOrigins: readonly string[];
  readonly pingMs: number;
  /** Of each session, and of each address without one. */
  readonly requestsPerMinute: number;
  /** How large an operation may become, in fields of its answer. */
  readonly maxQueryCost: number;
  /** Subscriptions that a session, or an address without one, may have open on this node. */
  readonly streamsPerSession: number;
  /** A monotonic clock for the requests, in milliseconds. */
  readonly now?: () => number;
  /** How long a socket may wait with its connection_init; 3 s. */
  readonly initMs?: number;
  /** How often sessions with open connections are looked at; 5 s. Bounds how long one that was deleted on another node stays. */
  readonly lookMs?: number;
  readonly schema: GraphQLSchema;
  /** The resolvers' context, new for each operation and each event of a subscription. */
  readonly contextFactory: (caller: Caller, signal: AbortSignal) => object;
  /** The picture of a run. */
  readonly gantt: Gantt;
  /** The content of a report. */
  readonly report: SignedDownload;
  /** The evidence pack of a run. */
  readonly evidencePack: SignedDownload;
  readonly sessions: Pick<Sessions, "authenticate" | "overAmong" | "onRemoved">;
  /** Null: work can be taken; else the reason why not. */
  readonly unready: () => Promise<string | null>;
  readonly log: Logger;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  counts: Connections["counts"];
  /** From now on every request is refused and the health check says so; what is under way goes on. */
  refuse(): void;
  /** Sockets are closed with 1012 over `spreadMs` (default 1 s), streams cut, answers under way sent. */
  close(options?: { readonly spreadMs?: number }): Promise<void>;
}

/** Throws ListenError. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { sessions, allowedOrigins, log, pingMs, initMs = 3_000, lookMs = 5_000 } = options;
  const connections = createConnections(sessions, lookMs, log);
  const answers = createAnswers(log);
  const limiter = createRateLimiter({ limit: options.requestsPerMinute, now: options.now });
  const { streamsPerSession, maxQueryCost: cost } = options;
  const streams = createStreams({ limit: streamsPerSession, retryAfterSeconds: Math.ceil(pingMs / 1000) });
  const admission = createAdmission({ sessions, limiter, streams, wireLimits: { ...limits, cost, streamsPerSession } });
  const graphql = createGraphql({ ...options, admission, answers, streams });
  const sockets = createSockets({ graphql, sessions, admission, connections, answers, allowedOrigins, pingMs, initMs, log });
  const door = createDoor({ graphql, allowedOrigins });
  const playground = createPlayground();
  const files = { admission, allowedOrigins, log };
  let stopping = false;

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const requestId = requestIdOf(request.headers["x-request-id"]);
    response.setHeader("x-request-id", requestId);
    response.setHeader("x-content-type-options", "nosniff");
    const path = request.url?.split("?", 1)[0];
    if (path === "/health/live") return sendJson(response, 200, { status: "ok" });
    if (path === "/health/ready") return void ready(response);
    const refusal = (stopping && restarting) || urlRefusal(request) || (path === "/graphql" && bodyRefusal(request));
    if (refusal) return refuse(request, response, refusal, requestId, log);
    if (path === "/") return response.writeHead(302, { location: "/graphql" }).end();
    const file = fileAt(path, request.url);
    if (file !== null) return void serveFile(request, response, callOf(request, response, requestId, connections), file, files);
    if (path !== "/graphql") return sendJson(response, 404, { status: "not found", remedy: "GraphQL is at /graphql." });
    if (playground.serve(request, response)) return;
    door(request, response, callOf(request, response, requestId, connections)).catch((error: unknown) => {
      log.error({ err: error, requestId }, "a request could not be answered");
      response.destroy();
    });
  };

  const fileAt = (path: string | undefined, url: string | undefined) => {
    const [run, report, pack] = [ganttIdOf(path), reportIdOf(path), packIdOf(path)];
    if (run !== null) return ganttFile(options.gantt, run);
    if (pack !== null) return signedFile("evidence.zip", options.evidencePack, pack, url);
    return report === null ? null : signedFile("report", options.report, report, url);
  };

  const ready = async (response: ServerResponse) => {
    const away = "the database can't be reached";
    const late = setTimeout(2_000, away, { ref: false });
    const reason = stopping ? "stopping" : await Promise.race([options.unready(), late]).catch(() => away);
    sendJson(response, reason ? 503 : 200, reason ? { status: "unavailable", reason } : { status: "ok" });
  };

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, handle);
  server.on("upgrade", (request, socket, head) => {
    if (stopping) refuseUpgrade(socket, 503);
    else if (request.url?.split("?", 1)[0] !== "/graphql") refuseUpgrade(socket, 404);
    else sockets.upgrade(request, socket, head);
  });
  const { address, port } = await listen(server, options);
  const host = address.includes(":") ? `[${address}]` : address;

  return {
    url: `http://${host}:${port}`,
    port,
    counts: connections.counts,
    refuse() {
      stopping = true;
    },
    async close({ spreadMs = 1_000 } = {}) {
      stopping = true;
      const closed = server.listening ? once(server, "close") : null;
      server.close();
      await connections.stop(spreadMs);
      connections.close();
      sockets.close();
      server.closeIdleConnections();
      await Promise.race([closed, setTimeout(3_000, null, { ref: false })]);
      server.closeAllConnections(); // an answer that nobody reads
      await closed;
    },
  };
}

const restarting = { status: 503, error: new ServiceUnavailableError("The gateway is stopping.", 2) };

function callOf(request: IncomingMessage, response: ServerResponse, requestId: string, connections: Connections): Call {
  const over = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) over.abort(); // which makes an error, with its stack
  });
  let stream: Live | null = null;
  const call: Call = {
    requestId,
    transport: "http",
    address: request.socket.remoteAddress ?? "unknown",
    credentials: credentialsOf(request.headersDistinct),
    userAgent: userAgentOf(request.headers),
    signal: over.signal,
    startedAt: performance.now(),
    setHeaders(headers) {
      if (!response.headersSent) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    },
    operation: null,
    isControl: false,
    isCounted: false,
    cost: null,
    showsCost: (request.headers["x-query-cost"] ?? "false") !== "false",
    session: null,
    live() {
      stream ??= openStream(call, response, connections);
      return stream;
    },
  };
  return call;
}

/** Cut, not ended: an orderly end says "complete", and the client would never come back. */
function openStream({ session }: Call, response: ServerResponse, connections: Connections): Live {
  const live = connections.open({ kind: "stream", close: () => response.destroy() });
  response.once("close", live.gone);
  if (session) live.belongTo(session);
  if (response.destroyed || response.closed) live.gone();
  return live;
}
