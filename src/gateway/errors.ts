/** What clients see of an error: one shape on every transport, with nothing of our inside. */
import { GraphQLError, type GraphQLErrorExtensions } from "graphql";
import type { GraphQLHTTPExtensions } from "graphql-yoga";
import type { Logger } from "pino";
import { DomainError, type ErrorCode, ServiceUnavailableError } from "../domain/errors.ts";
import { isDatabaseAway } from "./database-away.ts";
import { limitErrorOf } from "./limits.ts";
import { remedyOf } from "./request-remedies.ts";

const statuses: Record<ErrorCode, number> = {
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL_ERROR: 500,
};

class InternalError extends DomainError {
  readonly code = "INTERNAL_ERROR";
  constructor() {
    super("Something went wrong inside the gateway.", "Try again; if it stays, tell the operator this error's requestId.");
  }
}

/** A request that is no GraphQL, or not for this schema. */
class BadRequest extends DomainError {
  readonly code = "INVALID_REQUEST";
  /** `root` is what `error` was made of: it tells what is wrong, and the other one where. */
  constructor(error: unknown, root: GraphQLError) {
    const whole = error instanceof GraphQLError ? error.message : root.message;
    const place = whole === root.message ? null : variableIn(whole);
    super(place === null ? root.message : `In the variable ${place}: ${root.message}`, remedyOf(whole));
  }
}

/** The variable, or the field within it, that a message of graphql's is about; the whole value, which it tells too, would hide that. */
function variableIn(message: string): string | null {
  const [, name, field] = /^Variable "\$(\w+)" got invalid value .*?(?: at "([\w.[\]]+)")?; /s.exec(message) ?? [];
  return field ?? name ?? null;
}

export function publicError(error: unknown, requestId: string, log: Logger): GraphQLError {
  const shown = meaningOf(error);
  if (shown instanceof InternalError) log.error({ requestId, err: rootOf(error) }, "unexpected error");
  const { code, message, remedy } = shown;
  const extensions: GraphQLErrorExtensions = {
    ...detailsOf(shown),
    code,
    message,
    remedy,
    requestId,
    timestamp: new Date().toISOString(),
    http: httpOf(shown, error),
  };
  return error instanceof GraphQLError ? restated(error, message, extensions) : new GraphQLError(message, { extensions });
}

/** `extensions.http` is for yoga's status line; it never leaves over a WebSocket. */
export function withoutHttp(error: GraphQLError): GraphQLError {
  const { http, ...extensions } = error.extensions;
  return restated(error, error.message, extensions);
}

/** At the same place of the document and the answer. */
function restated(error: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  const { nodes = null, source = null, positions = null, path = null } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

/** What was thrown first, under what graphql wrapped around it. */
export function rootOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootOf(error.originalError) : error;
}

function meaningOf(error: unknown): DomainError {
  const root = rootOf(error);
  if (root instanceof DomainError) return root;
  if (isDatabaseAway(root)) return new ServiceUnavailableError("The database can't be reached.", 5);
  if (!(root instanceof GraphQLError) || root.extensions.unexpected) return new InternalError();
  const limit = limitErrorOf(root.message);
  if (limit) return limit;
  const inExecution = error instanceof GraphQLError && error.path !== undefined;
  return inExecution && !isOfInput(root) ? new InternalError() : new BadRequest(error, root);
}

/** Of the GraphQLErrors that execution throws by itself, these are the client's: a bad id, input or argument; the others are ours. */
function isOfInput(error: GraphQLError): boolean {
  return error.name.startsWith("Pothos") || error.constructor.name.startsWith("Pothos") || error.message.startsWith('Argument "');
}

/** The typed fields of each class of error. */
function detailsOf(error: DomainError): Record<string, unknown> {
  const { name, code, remedy, details, ...own }: Record<string, unknown> = { ...error };
  return { ...own, ...(typeof details === "object" ? details : {}) };
}

function httpOf(shown: DomainError, error: unknown): GraphQLHTTPExtensions {
  const extensions = error instanceof GraphQLError ? error.extensions : {};
  const { http: given } = extensions;
  const headers: Record<string, string> = { ...given?.headers };
  if ("retryAfterSeconds" in shown) headers["retry-after"] = String(shown.retryAfterSeconds);
  const tooMany = shown.code === "SERVICE_UNAVAILABLE" && "limit" in shown;
  const status = given?.status ?? (tooMany ? 429 : statuses[shown.code]);
  const spec = given?.spec === true && !("originalError" in extensions); // true: 200 where the client asks for application/json
  return { status, headers, ...(spec ? { spec } : {}) };
}
