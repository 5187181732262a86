/** The GraphQL engine behind every transport: yoga and its envelop plugins. What must hold over WebSocket too is an envelop hook. */
import { setTimeout } from "node:timers/promises";
import { isAsyncIterable, mapAsyncIterator } from "@envelop/core";
import { assertValidSchema, type DocumentNode, type ExecutionResult, type GraphQLSchema, getOperationAST } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Caller } from "../domain/access/caller.ts";
import { forgetContext } from "../domain/context.ts";
import { turns } from "../jobs/turns.ts";
import { type Admission, whoOf } from "./admission.ts";
import { createAlike } from "./alike.ts";
import type { Answers, Shown } from "./answers.ts";
import type { Call, Identified } from "./call.ts";
import { useCompiledQueries } from "./compiled-queries.ts";
import { isControl } from "./control.ts";
import { corsOptions } from "./cors.ts";
import { useCostLimit } from "./cost-limit.ts";
import { isTemporary } from "./database-away.ts";
import { deliver, type EventContext, type Recipient } from "./deliveries.ts";
import { useDeprecations } from "./deprecations.ts";
import { refuseBatches } from "./http.ts";
import { limitPlugins, useValidDocuments } from "./limits.ts";
import { rightsOf, watched } from "./personal.ts";
import { createSharedAnswers, type Delivery } from "./shared-answers.ts";
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
  const { schema, contextFactory, admission, answers, maxQueryCost, allowedOrigins, log } = options;
  assertValidSchema(schema); // at the start, not at the first request
  const answered = answeredBy(answers, admission);
  const yoga = createYoga<ServerContext>({
    schema,
    context: async ({ call }) => contextFactory(await first(admission.admit(call)), call.signal),
    plugins: [
      useOperation,
      useDeliveries(options),
      useCostLimit(schema, maxQueryCost),
      useDeprecations(schema, log),
      useAnswers(answers, answered),
      refuseBatches,
      ...limitPlugins(),
      useValidDocuments(keptDocuments),
      useCompiledQueries(keptOperations),
      goesFirst,
      forgetContexts,
    ],
    cors: corsOptions(allowedOrigins),
    parserAndValidationCache: false, // useValidDocuments
    maskedErrors: false, // useAnswers
    maxRequestBodySize: false, // the HTTP server, before the body is read
    batching: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  const { getEnveloped, getResultForParams } = yoga; // once: yoga is a proxy
  return { yoga, getEnveloped, getResultForParams, answered };
}

const keptDocuments = { documents: 512, characters: 8 * 1024, totalCharacters: 1024 * 1024 };
const keptOperations = { operations: 300, totalFields: 50_000 };

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

/** Who waits for an answer goes first, once the request is here as a whole; who waits for events is answered when they come. */
const goesFirst: GatewayPlugin = { onExecute: () => ({ onExecuteDone: turns.asked() }) };

const first = <T>(admitted: Promise<T>): Promise<T> => admitted.finally(turns.asked());

const forgetContexts: GatewayPlugin = {
  onExecute: ({ args: { contextValue } }) => ({ onExecuteDone: () => forgetContext(contextValue) }),
};

const isDocument = (result: DocumentNode | Error | null): result is DocumentNode => result !== null && !(result instanceof Error);

/** A new context for each event. Not spread from the old one: what caches by context, or in it, must start anew. */
function useDeliveries({ admission, contextFactory, streams }: GraphqlOptions): GatewayPlugin {
  const answers = createSharedAnswers();
  const alike = createAlike();
  const recipientOf = (call: Call, identified: Identified, signal: AbortSignal): Recipient => ({
    rights: rightsOf(identified),
    context(told) {
      const caller = admission.callerOf(call, identified);
      return told === null ? contextFactory(caller, signal) : watched(contextFactory(caller, goesOn), caller, told);
    },
  });
  /** Asks the database for each event; as long as it says that nothing has changed, the recipient is the same. */
  const recipients =
    (call: Call): EventContext["recipients"] =>
    (signal, { take, fail }) => {
      let known: { readonly ask: () => void; readonly recipient: Recipient } | null = null;
      const find = (found: Promise<Identified>) =>
        found.then((identified) => {
          const recipient = recipientOf(call, identified, signal);
          known = identified.holds && { ask: identified.holds(answer, again), recipient };
          take(recipient);
        }, fail);
      const recognise = () => admission.recognise(call);
      const answer = (holds: boolean) => {
        if (holds && known !== null) take(known.recipient);
        else find(patiently(recognise, signal));
      };
      const again = (error: unknown) => void find(patiently(recognise, signal, error));
      return () => {
        if (known === null) answer(false);
        else known.ask();
      };
    };
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const { call } = args.contextValue;
      setSubscribeFn((all) =>
        deliver(all, {
          recipients: recipients(call),
          answers,
          alike: alike(all),
          live: call.live(),
          enter: () => streams.enter(whoOf(call, call.session?.id ?? null)),
        }),
      );
    },
  };
}

/** Of what is executed for several subscribers: the one who began it may leave. */
const goesOn = new AbortController().signal;

/** While the database is away, or who can check a token, a delivery waits: failing it would lose its events. `failure` is of a try before. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal, failure?: unknown): Promise<T> {
  for (let error = failure; ; ) {
    if (error !== undefined) {
      if (signal.aborted || !isTemporary(error)) throw error;
      await setTimeout(1000, undefined, { signal }).catch(() => {}); // ended: the attempt's error says more
    }
    try {
      return await attempt();
    } catch (next) {
      error = next;
    }
  }
}

type Answered = (call: Call, result: ExecutionResult) => Promise<Delivery>;

/** What is told of the one result of an operation, in place of it. */
function answeredBy(answers: Answers, admission: Admission): Answered {
  return async (call, result) => {
    const tooMany = await admission.countFailed(call);
    return tooMany ? { errors: answers.errors(call, [tooMany]) } : shown(result, answers.final(call, result));
  };
}

/** For what yoga sends by itself; the door asks for it. */
function useAnswers(answers: Answers, answered: Answered): GatewayPlugin {
  return {
    async onResultProcess({ result, setResult, serverContext: { call } }) {
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, (one) => shown(one, answers.delivery(call, one))));
      else if (!Array.isArray(result)) setResult(await answered(call, result));
    },
  };
}

/** With something in its place, a result has no text any more. */
function shown({ stringify, end: _, ...result }: Delivery, instead: Shown): Delivery {
  const isAsItWas = instead.errors === undefined && instead.extensions === undefined;
  return stringify && isAsItWas ? { ...result, stringify } : { ...result, ...instead };
}
