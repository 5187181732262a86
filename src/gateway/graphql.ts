/** The GraphQL engine behind every transport: yoga and its envelop plugins. What must hold over WebSocket too is an envelop hook. */
import { setTimeout } from "node:timers/promises";
import { isAsyncIterable, mapAsyncIterator } from "@envelop/core";
import { assertValidSchema, type ExecutionResult, type GraphQLError, type GraphQLSchema, getOperationAST } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Caller } from "../domain/access/caller.ts";
import type { Sessions } from "../domain/access/sessions.ts";
import type { Answers } from "./answers.ts";
import { type Call, identify } from "./call.ts";
import { isDatabaseAway } from "./database-away.ts";
import { deliver } from "./deliveries.ts";
import { limitPlugins, useValidDocuments } from "./limits.ts";

/** What yoga is given with each request. */
export interface ServerContext {
  readonly call: Call;
}

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  /** The resolvers' context, new for each operation and each event of a subscription. */
  readonly contextFactory: (caller: Caller, signal: AbortSignal) => object;
  readonly sessions: Pick<Sessions, "authenticate">;
  readonly answers: Answers;
  /** Empty: any. */
  readonly allowedOrigins: readonly string[];
}

type GatewayPlugin = Plugin<ServerContext, ServerContext>;

export type Graphql = ReturnType<typeof createGraphql>;

export function createGraphql({ schema, contextFactory, sessions, answers, allowedOrigins }: GraphqlOptions) {
  assertValidSchema(schema); // at the start, not at the first request
  const contextOf = async (call: Call, signal: AbortSignal) => contextFactory(await identify(call, sessions), signal);
  return createYoga<ServerContext>({
    schema,
    context: ({ call }) => contextOf(call, call.signal),
    plugins: [useOperation, useDeliveries(contextOf), useAnswers(answers), ...limitPlugins(), useValidDocuments(keptDocuments)],
    cors: {
      origin: allowedOrigins.length > 0 ? [...allowedOrigins] : "*",
      methods: ["GET", "POST", "OPTIONS"],
      allowedHeaders: ["content-type", "authorization", "session-token", "vmware-api-session-id", "x-request-id"],
      exposedHeaders: ["x-request-id", "retry-after"],
      credentials: false,
      maxAge: 600,
    },
    parserAndValidationCache: false, // useValidDocuments
    maskedErrors: false, // useAnswers
    maxRequestBodySize: false, // the HTTP server, before the body is read
    batching: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

const keptDocuments = { documents: 512, characters: 8 * 1024, totalCharacters: 1024 * 1024 };

const useOperation: GatewayPlugin = {
  onExecute: ({ args }) => noteOperation(args),
  onSubscribe: ({ args }) => noteOperation(args),
};

interface OperationArgs {
  readonly document: Parameters<typeof getOperationAST>[0];
  readonly operationName?: string | null | undefined;
  readonly contextValue: ServerContext;
}

function noteOperation({ document, operationName, contextValue }: OperationArgs): void {
  const operation = getOperationAST(document, operationName);
  if (operation) contextValue.call.operation = { kind: operation.operation, name: operation.name?.value ?? null };
}

/** A new context for each event. Not spread from the old one: what caches by context, or in it, must start anew. */
function useDeliveries(contextOf: (call: Call, signal: AbortSignal) => Promise<object>): GatewayPlugin {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const { call, request, params } = args.contextValue;
      const fresh = async (signal: AbortSignal) => {
        const context = await patiently(() => contextOf(call, signal), signal);
        return { call, request, params, ...context };
      };
      setSubscribeFn((all) => deliver(all, { fresh, live: call.live() }));
    },
  };
}

/** While the database is away a delivery waits: failing it would lose its events. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isDatabaseAway(error)) throw error;
      await setTimeout(1000, undefined, { signal }).catch(() => {}); // ended: the attempt's error says more
    }
  }
}

function useAnswers(answers: Answers): GatewayPlugin {
  return {
    onResultProcess({ result, setResult, serverContext: { call } }) {
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, (one) => shown(one, answers.delivery(call, one))));
      else if (!Array.isArray(result)) setResult(shown(result, answers.final(call, result)));
    },
  };
}

const shown = (result: ExecutionResult, errors: GraphQLError[] | undefined): ExecutionResult => (errors ? { ...result, errors } : result);
