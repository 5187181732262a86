/** What is fetched by GET rather than by GraphQL: pictures and downloads, with a session as for GraphQL; errors in GraphQL's shape. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Caller } from "../domain/access/caller.ts";
import type { Admission } from "./admission.ts";
import type { Call } from "./call.ts";
import { publicError } from "./errors.ts";
import { sendJson } from "./http.ts";
import { begun, sendPieces } from "./pieces.ts";

export interface ServedFile {
  readonly contentType: string;
  /** Null: it is shown; else what it is saved as: letters, digits, points and dashes. */
  readonly fileName: string | null;
  /** What comes piece by piece is made as it is read, and once. */
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>;
}

export interface FileOptions {
  readonly admission: Pick<Admission, "admit">;
  /** Empty: any. */
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
}

/** `read` rejects with a DomainError. `kind` is for the log. */
export async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  call: Call,
  { kind, read }: { readonly kind: string; readonly read: (caller: Caller, signal: AbortSignal) => Promise<ServedFile> },
  options: FileOptions,
): Promise<void> {
  allowOrigin(request, response, options.allowedOrigins);
  const { method } = request;
  if (method === "OPTIONS") return void response.writeHead(204, { "access-control-max-age": "600" }).end();
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD, OPTIONS");
    return sendJson(response, 405, { status: "method not allowed", remedy: "It is read by GET." });
  }
  try {
    const { contentType, fileName, body } = await read(await options.admission.admit(call), call.signal);
    const whole = typeof body === "string" || body instanceof Uint8Array;
    // Its first piece comes before the head, so that what is refused then has its own status.
    const pieces = whole || method === "HEAD" ? null : await begun(body);
    response.writeHead(200, {
      "content-type": contentType,
      ...(whole ? { "content-length": Buffer.byteLength(body) } : {}),
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      ...(fileName === null ? {} : { "content-disposition": `attachment; filename="${fileName}"` }),
    });
    if (pieces !== null)
      return await sendPieces(pieces, response).catch((error: unknown) => {
        if (!call.signal.aborted) options.log.warn({ err: error, requestId: call.requestId, path: kind }, "a download was cut");
      });
    response.end(method === "HEAD" || !whole ? undefined : body);
  } catch (error) {
    const { message, extensions } = publicError(error, call.requestId, options.log);
    const { http, ...shown } = extensions;
    options.log.info({ requestId: call.requestId, code: shown.code, path: kind }, "failed");
    for (const [name, value] of Object.entries(http?.headers ?? {})) response.setHeader(name, value);
    sendJson(response, http?.status ?? 500, { errors: [{ message, extensions: shown }] });
  }
}

function allowOrigin({ headers }: IncomingMessage, response: ServerResponse, allowed: readonly string[]): void {
  const { origin } = headers;
  response.setHeader("vary", "origin");
  if (origin === undefined || (allowed.length > 0 && !allowed.includes(origin))) return;
  response.setHeader("access-control-allow-origin", allowed.length > 0 ? origin : "*");
  response.setHeader("access-control-allow-methods", "GET, HEAD, OPTIONS");
  response.setHeader("access-control-allow-headers", "authorization, session-token, vmware-api-session-id, x-request-id");
  response.setHeader("access-control-expose-headers", "content-disposition");
}
