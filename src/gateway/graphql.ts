/** The GraphQL engine behind every transport: yoga and its envelop plugins. What must hold over WebSocket too is an envelop hook. */
import { setTimeout } from "node:timers/promises";
import { isAsyncIterable, mapAsyncIterator } from "@envelop/core";
import { assertValidSchema, type DocumentNode, type ExecutionResult, type GraphQLSchema, getOperationAST } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Caller } from "../domain/access/caller.ts";
import { type Admission, whoOf } from "./admission.ts";
import type { Answers, Shown } from "./answers.ts";
import type { Call } from "./call.ts";
import { isControl } from "./control.ts";
import { useCostLimit } from "./cost-limit.ts";
import { isTemporary } from "./database-away.ts";
import { deliver } from "./deliveries.ts";
import { useDeprecations } from "./deprecations.ts";
import { refuseBatches } from "./http.ts";
import { limitPlugins, useValidDocuments } from "./limits.ts";
import type { Streams } from "./streams.ts";

/** What yoga is given with each request. */
export interface ServerContext {
  readonly call: Call;
}

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  /** The resolvers' context, new for each operation and each event of a subscription. */
  readonly contextFactory: (caller: Caller, signal: AbortSignal) => object;
  readonly admission: Admission;
  readonly answers: Answers;
  readonly streams: Streams;
  readonly maxQueryCost: number;
  /** Empty: any. */
  readonly allowedOrigins: readonly string[];
  readonly log: Pick<Logger, "info">;
}

type GatewayPlugin = Plugin<ServerContext, ServerContext>;

export type Graphql = ReturnType<typeof createGraphql>;

export function createGraphql(options: GraphqlOptions) {
  const { schema, contextFactory, admission, answers, streams, maxQueryCost, allowedOrigins, log } = options;
  assertValidSchema(schema); // at the start, not at the first request
  const freshContext = async (call: Call, signal: AbortSignal) => contextFactory(await admission.recognise(call), signal);
  return createYoga<ServerContext>({
    schema,
    context: async ({ call }) => contextFactory(await admission.admit(call), call.signal),
    plugins: [
      useOperation,
      useDeliveries(freshContext, streams),
      useCostLimit(schema, maxQueryCost),
      useDeprecations(schema, log),
      useAnswers(answers, admission),
      refuseBatches,
      ...limitPlugins(),
      useValidDocuments(keptDocuments),
    ],
    cors: {
      origin: allowedOrigins.length > 0 ? [...allowedOrigins] : "*",
      methods: ["GET", "POST", "OPTIONS"],
      allowedHeaders: ["content-type", "authorization", "session-token", "vmware-api-session-id", "x-request-id", "x-query-cost"],
      exposedHeaders: [
        "x-request-id",
        "retry-after",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "ratelimit-policy",
        "ratelimit",
      ],
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

/** Notes what is known of an operation as soon as it is known. */
const useOperation: GatewayPlugin = {
  onParse:
    () =>
    ({ context: { call, params }, result }) => {
      const operation = isDocument(result) ? getOperationAST(result, params.operationName) : null;
      if (operation) call.operation = { kind: operation.operation, name: operation.name?.value ?? null };
    },
  onValidate:
    ({ params: { schema, documentAST } }) =>
    ({ valid, context: { call, params } }) => {
      const operation = valid ? getOperationAST(documentAST, params.operationName) : null;
      if (operation) call.isControl = isControl(schema, documentAST, operation, params.variables);
    },
};

const isDocument = (result: DocumentNode | Error | null): result is DocumentNode => result !== null && !(result instanceof Error);

/** A new context for each event. Not spread from the old one: what caches by context, or in it, must start anew. */
function useDeliveries(contextOf: (call: Call, signal: AbortSignal) => Promise<object>, streams: Streams): GatewayPlugin {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const { call, request, params } = args.contextValue;
      const fresh = async (signal: AbortSignal) => {
        const context = await patiently(() => contextOf(call, signal), signal);
        return { call, request, params, ...context };
      };
      setSubscribeFn((all) =>
        deliver(all, { fresh, live: call.live(), enter: () => streams.enter(whoOf(call, call.session?.id ?? null)) }),
      );
    },
  };
}

/** While the database is away, or who can check a token, a delivery waits: failing it would lose its events. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isTemporary(error)) throw error;
      await setTimeout(1000, undefined, { signal }).catch(() => {}); // ended: the attempt's error says more
    }
  }
}

function useAnswers(answers: Answers, admission: Admission): GatewayPlugin {
  return {
    async onResultProcess({ result, setResult, serverContext: { call } }) {
      const tooMany = await admission.countFailed(call);
      if (tooMany) setResult({ errors: answers.errors(call, [tooMany]) });
      else if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, (one) => shown(one, answers.delivery(call, one))));
      else if (!Array.isArray(result)) setResult(shown(result, answers.final(call, result)));
    },
  };
}

const shown = (result: ExecutionResult, instead: Shown): ExecutionResult => ({ ...result, ...instead });
