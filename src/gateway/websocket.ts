/** GraphQL over WebSocket (graphql-transport-ws): upgrades, pings, close codes. What an operation may do is in socket-operations.ts. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import type { Logger } from "pino";
import { WebSocket, WebSocketServer } from "ws";
import type { Sessions } from "../domain/access/sessions.ts";
import type { Admission } from "./admission.ts";
import type { Answers } from "./answers.ts";
import type { Connections } from "./connections.ts";
import { credentialsOf } from "./credentials.ts";
import type { Graphql } from "./graphql.ts";
import { limits } from "./limits.ts";
import type { EndReason } from "./live.ts";
import { answersPending, operationHooks, type SocketExtra } from "./socket-operations.ts";

export interface SocketOptions {
  readonly graphql: Graphql;
  readonly sessions: Pick<Sessions, "authenticate">;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly answers: Answers;
  readonly allowedOrigins: readonly string[];
  readonly pingMs: number;
  readonly initMs: number;
  readonly log: Logger;
}

type MessagePort = Parameters<ReturnType<typeof makeServer>["opened"]>[0];

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** Fatal for graphql-ws clients is 4401 alone; after the others they come back, and resume. */
const closeCodes: Record<EndReason, readonly [code: number, reason: string]> = {
  deleted: [4401, "Session deleted"],
  expired: [4403, "Session expired"],
  lagging: [1013, "Reads too slowly"],
  stopping: [1012, "Restarting"],
};

export function createSockets(options: SocketOptions): Sockets {
  const { connections, allowedOrigins, pingMs, log } = options;
  const perAddress = new Map<string, number>();
  const socketOptions = { noServer: true, maxPayload: limits.messageBytes, closeTimeout: 3_000, handleProtocols, clientTracking: false };
  const server = new WebSocketServer(socketOptions);
  const protocol = makeServer<Record<string, unknown>, SocketExtra>({
    connectionInitWaitTimeout: options.initMs,
    ...operationHooks(options),
  });

  const refusal = (request: IncomingMessage): number | null => {
    const { origin } = request.headers;
    if (origin && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) return 403;
    const open = perAddress.get(addressOf(request)) ?? 0;
    return open >= limits.socketsPerAddress ? 429 : null;
  };

  const accept = (connection: Duplex, socket: WebSocket, request: IncomingMessage) => {
    const address = addressOf(request);
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    const live = connections.open({ kind: "socket", close: (reason) => closeAfterOperations(extra, reason) });
    const extra: SocketExtra = {
      live,
      address,
      headers: request.headersDistinct,
      credentials: credentialsOf(),
      showsCost: false,
      session: null,
      operations: new Map(),
      onIdle: null,
      socket,
      connection,
    };
    const stopPings = keepAlive(socket, pingMs);
    socket.on("error", (error) => log.debug({ err: error, address }, "websocket failed")); // such as a message that is too large
    const closed = protocol.opened(transportOf(socket, log), extra);
    socket.once("close", (code, reason) => {
      stopPings();
      live.gone();
      for (const { over } of extra.operations.values()) over.abort();
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
      closed(code, String(reason)).catch((error: unknown) => log.error({ err: error }, "websocket could not be cleared"));
    });
  };

  return {
    upgrade(request, socket, head) {
      const status = refusal(request);
      if (status) refuseUpgrade(socket, status);
      else server.handleUpgrade(request, socket, head, (ws) => accept(socket, ws, request));
    },
    close: () => server.close(),
  };
}

export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on("error", () => {}); // the peer may be gone already
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Queries and mutations under way still get their answers: deleteSession over its own socket is one. */
function closeAfterOperations(extra: SocketExtra, reason: EndReason): void {
  const [code, text] = closeCodes[reason];
  const close = () => extra.socket.close(code, text);
  if (reason === "deleted" && answersPending(extra) > 0) {
    extra.onIdle = close;
    setTimeout(close, 1_000).unref(); // closing again does nothing
  } else close();
}

const addressOf = (request: IncomingMessage) => request.socket.remoteAddress ?? "unknown";

/** Without a pong until the next ping, the other end is gone or does not read: an end without a goodbye (1006). */
function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

/** Resolves when the kernel has it: a client that does not read holds back its own sources. */
function sendText(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve();
    socket.send(text, (error) => (error ? reject(error) : resolve()));
  });
}

function transportOf(socket: WebSocket, log: Logger): MessagePort {
  return {
    protocol: socket.protocol,
    send: (data) => sendText(socket, data),
    close: (code, reason) => socket.close(code, reason),
    onMessage: (callback) =>
      socket.on("message", (data) => {
        callback(String(data)).catch((error: unknown) => {
          if (socket.readyState !== WebSocket.OPEN) return; // a send that met the end
          log.error({ err: error }, "websocket message failed");
          socket.close(CloseCode.InternalServerError, "Internal server error");
        });
      }),
  };
}
