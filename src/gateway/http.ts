/** What is decided about a request before its body is read, and answers that are not GraphQL's. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import { type DomainError, InvalidRequestError } from "../domain/errors.ts";
import { publicError } from "./errors.ts";
import { LimitError, limits } from "./limits.ts";

export interface Refusal {
  readonly status: number;
  readonly error: DomainError;
}

/** A body without an announced, small enough length, or of a type that is not GraphQL's, is not read. */
export function bodyRefusal({ method, headers }: IncomingMessage): Refusal | null {
  if (method !== "POST") return null;
  const length = headers["content-length"];
  if (length === undefined) return { status: 411, error: invalid("The request has no Content-Length.", "Send the body with its length.") };
  const bytes = Number(length);
  if (bytes > limits.bodyBytes)
    return { status: 413, error: new LimitError("Bytes in the body", limits.bodyBytes, bytes, "Send less at once.") };
  if (isReadable(headers["content-type"])) return null;
  return {
    status: 415,
    error: invalid("The body's Content-Type is not one of GraphQL's.", "Send JSON with Content-Type: application/json."),
  };
}

/** As yoga decides it, which would answer with an empty body. */
function isReadable(contentType = ""): boolean {
  const [first = ""] = contentType.split(",");
  return bodyTypes.some((type) => first === type || first.startsWith(`${type};`));
}
const bodyTypes = ["application/json", "application/graphql+json", "application/graphql", "application/x-www-form-urlencoded"];

/** What can't be made a URL of would fail further inside. */
export function urlRefusal({ url = "", headers }: IncomingMessage): Refusal | null {
  const fits = url.startsWith("/") && !url.startsWith("//") && URL.canParse(`http://${headers.host ?? "localhost"}${url}`);
  return fits ? null : { status: 400, error: invalid("The request's address can't be read.", "Check the path and the Host header.") };
}

/** A list of operations, which only HTTP could bring. */
export const refuseBatches: Plugin = {
  onRequestParse: () => ({
    onRequestParseDone({ requestParserResult }) {
      if (!Array.isArray(requestParserResult)) return;
      throw new LimitError("Operations in the request", 1, requestParserResult.length, "Send one operation with each request.");
    },
  }),
};

const invalid = (message: string, remedy: string) => new InvalidRequestError(message, [], remedy);

/** In the same shape as GraphQL's own errors. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal, requestId: string, log: Logger): void {
  const { http, ...extensions } = publicError(refusal.error, requestId, log).extensions;
  log.info({ requestId, status: refusal.status, code: extensions.code }, "refused");
  const body = JSON.stringify({ errors: [{ message: refusal.error.message, extensions }] });
  const type = "application/graphql-response+json; charset=utf-8";
  response.writeHead(refusal.status, {
    ...http?.headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  response.write(body); // complete by its length; the connection stays until the client has sent what it wanted, or it would miss the answer
  const end = () => response.end();
  const latest = setTimeout(end, 2_000).unref();
  request
    .resume()
    .once("close", () => clearTimeout(latest))
    .once("end", end);
  if (request.readableEnded) end();
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  };
  response.writeHead(status, headers).end(text);
}
