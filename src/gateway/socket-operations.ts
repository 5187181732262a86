/** Operations over one WebSocket: signed in once, each with its own request id and the same hooks and limits as over HTTP. */
import type { Duplex } from "node:stream";
import { isAsyncIterable } from "@envelop/core";
import { type DocumentNode, type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST } from "graphql";
import type { Context, ServerOptions } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Sessions } from "../domain/access/sessions.ts";
import { UnauthorizedError } from "../domain/errors.ts";
import type { Admission } from "./admission.ts";
import type { Answers } from "./answers.ts";
import { type Call, type CallSession, identify, requestIdOf, userAgentOf } from "./call.ts";
import { type Credentials, credentialsOf, wantsCost } from "./credentials.ts";
import { isTemporary } from "./database-away.ts";
import { withoutHttp } from "./errors.ts";
import type { Graphql } from "./graphql.ts";
import { LimitError, limits } from "./limits.ts";
import type { Live } from "./live.ts";
import type { Delivery } from "./shared-answers.ts";
import { type Tell, tellingShared, tellOver } from "./telling.ts";

export interface SocketExtra {
  readonly socket: WebSocket;
  /** Under it. */
  readonly connection: Duplex;
  readonly live: Live;
  readonly address: string;
  /** Of the upgrade: every value that was sent. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** As given when the socket was opened; every operation is checked with them again. */
  credentials: Credentials;
  showsCost: boolean;
  session: CallSession | null;
  /** Operations under way, by the client's id for them. */
  readonly operations: Map<string, Operation>;
  /** Called when no query or mutation waits for its answer any more. */
  onIdle: (() => void) | null;
}

interface Operation {
  readonly call: Call;
  readonly over: AbortController;
}

type SocketContext = Context<Record<string, unknown>, SocketExtra>;
type Hooks = Pick<
  ServerOptions<Record<string, unknown>, SocketExtra>,
  "onConnect" | "onSubscribe" | "execute" | "subscribe" | "onNext" | "onError" | "onComplete"
>;

export interface OperationOptions {
  readonly graphql: Graphql;
  readonly sessions: Pick<Sessions, "authenticate">;
  readonly admission: Admission;
  readonly answers: Answers;
}

/** How to run what `onSubscribe` has prepared. */
interface Prepared extends Pick<ReturnType<Graphql["getEnveloped"]>, "execute" | "subscribe"> {
  /** Tells the client of a delivery that others get too; null: the client wants to see more with it. */
  readonly tell: Tell | null;
}

export function operationHooks({ graphql, sessions, admission, answers }: OperationOptions): Hooks {
  const prepared = new WeakMap<ExecutionArgs, Prepared>();

  /** Nothing may be thrown out of here: it would close the socket with all its streams. */
  const run = async (args: ExecutionArgs, how: "execute" | "subscribe"): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> => {
    const { [how]: start, tell = null } = prepared.get(args) ?? {};
    try {
      const result: ExecutionResult | AsyncIterable<Delivery> = await start?.(args);
      return tell !== null && isAsyncIterable(result) ? tellingShared(result[Symbol.asyncIterator](), tell) : result;
    } catch (error) {
      return { errors: [asGraphQLError(error)] };
    }
  };

  const refuse = async (call: Call, errors: readonly unknown[]): Promise<GraphQLError[]> => {
    const tooMany = await admission.countFailed(call);
    return (tooMany ? [tooMany] : errors).map(asGraphQLError);
  };

  return {
    onConnect: (ctx) => signIn(ctx, sessions),

    async onSubscribe(ctx, id, { operationName, query, variables }) {
      const { extra } = ctx;
      const operation = newOperation(extra);
      const { call } = operation;
      extra.operations.set(id, operation);
      try {
        const open = Object.keys(ctx.subscriptions).length; // with this one
        if (open > limits.operationsPerSocket) throw new LimitError("Operations on one socket", limits.operationsPerSocket, open);
        const params = { query, ...(operationName ? { operationName } : {}), ...(variables ? { variables } : {}) };
        const { schema, parse, validate, contextFactory, execute, subscribe } = graphql.getEnveloped({ call, params });
        const document: DocumentNode = parse(query);
        const errors: readonly GraphQLError[] = validate(schema, document);
        if (errors.length > 0) return refuse(call, errors);
        if (!getOperationAST(document, operationName))
          return refuse(call, [new GraphQLError("The document has no such operation, or several and no name says which.")]);
        const args = { schema, document, operationName, variableValues: variables, contextValue: await contextFactory() };
        prepared.set(args, { execute, subscribe, tell: extra.showsCost ? null : tellOver(extra, id) });
        return args;
      } catch (error) {
        return refuse(call, [error]);
      }
    },
    execute: (args) => run(args, "execute"),
    subscribe: (args) => run(args, "subscribe"),

    onNext({ extra }, id, _payload, _args, { data = null, errors: found }) {
      const { call } = extra.operations.get(id) ?? newOperation(extra);
      const given = { data, errors: found };
      const { errors, ...rest } = call.operation?.kind === "subscription" ? answers.delivery(call, given) : answers.final(call, given);
      return { data, ...rest, ...(errors ? { errors: errors.map((error) => withoutHttp(error).toJSON()) } : {}) };
    },
    onError({ extra }, id, _payload, errors) {
      const { call } = extra.operations.get(id) ?? newOperation(extra);
      done(extra, id);
      return answers.errors(call, errors).map((error) => withoutHttp(error).toJSON());
    },
    onComplete: ({ extra }, id) => done(extra, id),
  };
}

async function signIn({ connectionParams, extra }: SocketContext, sessions: Pick<Sessions, "authenticate">): Promise<boolean> {
  const { socket, live } = extra;
  const { call } = newOperation(extra, credentialsOf(extra.headers, connectionParams ?? {}));
  try {
    const { refusal } = await identify(call, sessions);
    if (refusal) throw refusal;
  } catch (error) {
    const expired = error instanceof UnauthorizedError && error.expiredAt !== null;
    if (error instanceof UnauthorizedError) socket.close(expired ? 4403 : 4401, expired ? "Session expired" : "Unauthorized");
    else if (isTemporary(error)) socket.close(1013, "Try again later");
    else throw error;
    return false;
  }
  extra.credentials = call.credentials;
  extra.showsCost = wantsCost(extra.headers, connectionParams ?? {});
  extra.session = call.session;
  if (call.session) live.belongTo(call.session);
  return true;
}

function newOperation(
  { address, headers, live, session, credentials, showsCost }: SocketExtra,
  given: Credentials = credentials,
): Operation {
  const over = new AbortController();
  const call: Call = {
    requestId: requestIdOf(null),
    transport: "websocket",
    address,
    credentials: given,
    userAgent: userAgentOf(headers),
    signal: over.signal,
    startedAt: performance.now(),
    live: () => live,
    setHeaders: () => {},
    operation: null,
    isControl: false,
    isCounted: false,
    cost: null,
    showsCost,
    session,
  };
  return { call, over };
}

function done(extra: SocketExtra, id: string): void {
  extra.operations.get(id)?.over.abort();
  extra.operations.delete(id);
  if (extra.onIdle && answersPending(extra) === 0) setImmediate(extra.onIdle); // the last message is handed over first
}

/** Queries and mutations that are not answered yet. */
export const answersPending = ({ operations }: SocketExtra) =>
  [...operations.values()].filter(({ call }) => call.operation?.kind !== "subscription").length;

const asGraphQLError = (error: unknown) =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError("Unexpected error", { originalError: error instanceof Error ? error : new Error(String(error)) });
