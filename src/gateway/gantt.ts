/** The picture of a run, by GET with a session as for GraphQL; errors in GraphQL's shape. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Caller } from "../domain/access/caller.ts";
import type { Admission } from "./admission.ts";
import type { Call } from "./call.ts";
import { publicError } from "./errors.ts";
import { sendJson } from "./http.ts";

/** The id in the path of a picture; null: it is another path. */
export const ganttIdOf = (path: string | undefined): string | null =>
  /^\/recoveries\/([A-Za-z0-9_-]{1,200})\/gantt\.svg$/.exec(path ?? "")?.[1] ?? null;

export interface GanttOptions {
  readonly admission: Pick<Admission, "admit">;
  /** SVG; rejects with a DomainError. */
  readonly gantt: (caller: Caller, recoveryId: string, signal: AbortSignal) => Promise<string>;
  /** Empty: any. */
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
}

export async function serveGantt(
  request: IncomingMessage,
  response: ServerResponse,
  call: Call,
  id: string,
  options: GanttOptions,
): Promise<void> {
  allowOrigin(request, response, options.allowedOrigins);
  const { method } = request;
  if (method === "OPTIONS") return void response.writeHead(204, { "access-control-max-age": "600" }).end();
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD, OPTIONS");
    return sendJson(response, 405, { status: "method not allowed", remedy: "A picture is read by GET." });
  }
  try {
    const svg = await options.gantt(await options.admission.admit(call), id, call.signal);
    response.writeHead(200, {
      "content-type": "image/svg+xml; charset=utf-8",
      "content-length": Buffer.byteLength(svg),
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "cache-control": "no-store",
    });
    response.end(method === "HEAD" ? undefined : svg);
  } catch (error) {
    const { message, extensions } = publicError(error, call.requestId, options.log);
    const { http, ...shown } = extensions;
    options.log.info({ requestId: call.requestId, code: shown.code, path: "gantt.svg" }, "failed");
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
}
