/**
 * The short way of most requests: one operation, posted as JSON, answered with one write. It goes through yoga's own hooks and is answered as
 * yoga would, header by header, but without the objects of fetch around it, which cost more than a small operation. What is not so plain
 * (GET, event streams, other bodies and media types, what can't be read) is yoga's, before anything of it has been run.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { isAsyncIterable } from "@envelop/core";
import { type ExecutionResult, GraphQLError } from "graphql";
import type { GraphQLParams } from "graphql-yoga";
import type { Call } from "./call.ts";
import { corsHeaders } from "./cors.ts";
import { withoutHttp } from "./errors.ts";
import type { Graphql } from "./graphql.ts";

export interface DoorOptions {
  readonly graphql: Pick<Graphql, "yoga" | "getResultForParams" | "answered">;
  /** Empty: any. */
  readonly allowedOrigins: readonly string[];
}

export type Door = (request: IncomingMessage, response: ServerResponse, call: Call) => Promise<void>;

export function createDoor({ graphql: { yoga, getResultForParams, answered }, allowedOrigins }: DoorOptions): Door {
  const cors = corsHeaders(allowedOrigins);
  /** Hooks ask for the method alone: what else is known of a request is in its call. */
  const posted = new Request("http://localhost/graphql", { method: "POST" });

  const resultOf = async (params: GraphQLParams, call: Call): Promise<ExecutionResult> => {
    try {
      const result = await getResultForParams({ params, request: posted }, { call });
      if (result === undefined || isAsyncIterable(result)) throw new Error("An operation that is no subscription has not one result.");
      return result;
    } catch (error) {
      return { errors: [error instanceof GraphQLError ? error : new GraphQLError(String(error), { originalError: asError(error) })] };
    }
  };

  return async (request, response, call) => {
    const mediaType = isPlain(request) ? acceptedType(request.headers.accept) : null;
    if (mediaType === null) return void (await yoga(request, response, { call }));
    const body = await bodyOf(request);
    if (body === null) return; // who asked has gone
    const params = paramsOf(body);
    if (params === null) return void (await yoga(Object.assign(request, { body: Readable.from([body]) }), response, { call }));
    const result = await answered(call, await resultOf(params, call));
    if (response.destroyed) return;
    const { errors = [] } = result;
    const text = errors.length > 0 ? failureText(result, errors) : (result.stringify ?? JSON.stringify)(result);
    const { status, headers } = headOf(errors, mediaType);
    const bytes = Buffer.byteLength(text);
    const own = { "content-type": `${mediaType}; charset=utf-8`, "content-length": bytes };
    // ASCII alone is the same as UTF-8 and as Latin-1, and goes out as the latter by a copy.
    response
      .writeHead(status, { ...own, ...headers, ...cors(request.headers.origin) })
      .end(text, bytes === text.length ? "latin1" : "utf8");
  };
}

const failureText = (result: ExecutionResult, errors: readonly GraphQLError[]) =>
  JSON.stringify({ ...result, errors: errors.map((error) => withoutHttp(error).toJSON()) });

const asError = (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));

function isPlain({ method, headers }: IncomingMessage): boolean {
  const [type = ""] = headers["content-type"]?.split(",") ?? [];
  return method === "POST" && jsonTypes.some((json) => type === json || type.startsWith(`${json};`));
}
const jsonTypes = ["application/json", "application/graphql+json"];

const answerTypes = ["application/json", "application/graphql-response+json"] as const;
type AnswerType = (typeof answerTypes)[number];

/** The first that is asked for and can be had, as GraphQL over HTTP says; JSON where either will do. Null: none of these. */
export function acceptedType(accept: string | undefined): AnswerType | null {
  if (accept === undefined || accept === "") return "application/json";
  for (const asked of accept.replace(/\s/g, "").toLowerCase().split(",")) {
    const [range = "", ...parameters] = asked.split(";");
    const charset = parameters.find((parameter) => parameter.includes("charset="));
    if (charset !== undefined && charset !== "charset=utf-8") continue;
    const [type, subtype] = range.split("/");
    const found = answerTypes.find((one) => {
      const [own, ownSubtype] = one.split("/");
      return (type === "*" || type === own) && (subtype === "*" || subtype === ownSubtype);
    });
    if (found) return found;
  }
  return null;
}

/** Null: it did not come to its end. Its length has been looked at. */
function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("close", () => resolve(null));
  });
}

/** Null: it is not one operation, or may be a subscription, which is answered by a stream where it can be. */
function paramsOf(body: Buffer): GraphQLParams | null {
  try {
    const params: unknown = JSON.parse(body.toString("utf8"));
    return isOperation(params) && !params.query.includes("subscription") ? params : null;
  } catch {
    return null;
  }
}

const isOperation = (params: unknown): params is GraphQLParams & { readonly query: string } =>
  typeof params === "object" && params !== null && "query" in params && typeof params.query === "string" && hasName(params);

const hasName = (params: object): boolean =>
  !("operationName" in params) || params.operationName === undefined || typeof params.operationName === "string";

/** As yoga makes status and headers of errors: the highest status, but for what was no GraphQL, which is 200 to who reads plain JSON. */
function headOf(errors: readonly GraphQLError[], mediaType: AnswerType) {
  const headers: Record<string, string> = {};
  let highest = 0;
  for (const { http } of errors.map(({ extensions }) => extensions)) {
    Object.assign(headers, http?.headers);
    if (mediaType === "application/json" && http?.spec) continue;
    highest = Math.max(highest, http?.status ?? 0);
  }
  return { status: highest || 200, headers };
}
