/** A gateway over a tiny schema, with sessions in memory, and everything that a test wants to see from outside. */
import { type ClientOptions, createClient } from "graphql-ws";
import { createSchema } from "graphql-yoga";
import { type Logger, pino } from "pino";
import { WebSocket } from "ws";
import { type Caller, signedIn } from "../../src/domain/access/caller.ts";
import { ConflictError } from "../../src/domain/errors.ts";
import { type GatewayOptions, startGateway } from "../../src/gateway/server.ts";
import { sessionsInMemory, tickSource } from "./doubles.ts";

interface TestContext extends Caller {
  readonly made: number;
}

const typeDefs = /* GraphQL */ `
  type Query { hello: String, old: String @deprecated(reason: "Use hello."), secret: String, boom: String, wait: String, conflict: String, data: Thing, must: String!, twice(n: Int!): Int }
  type Thing { thing: Thing, things(first: Int): [Thing!], name: String }
  type Mutation { bump(by: Int! = 1): Int, signOut: Boolean, answerPrompt: Boolean, startRecovery(input: StartInput!): Boolean, createSession: Boolean }
  input StartInput { recoveryType: RecoveryType! }
  enum RecoveryType { TEST DISASTER }
  type Tick { n: Int, was: Int @deprecated(reason: "Use n."), madeFor: Int, text: String, boom: String }
  type Subscription { ticks: Tick, refused: Tick, secretTicks: Tick }
`;

export async function testGateway(options: Partial<GatewayOptions> = {}) {
  const sessions = sessionsInMemory();
  const ticks = tickSource();
  const logged: Record<string, unknown>[] = [];
  const log: Logger = pino({ level: "debug" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  let contexts = 0;
  let bumped = 0;
  const held = new Set<() => void>();
  const text = "x".repeat(16_000);

  const schema = createSchema<TestContext>({
    typeDefs,
    resolvers: {
      Query: {
        hello: () => "world",
        must: () => null,
        twice: (_root, { n }: { n: number }) => n * 2,
        secret: (_root, _args, context) => {
          signedIn(context);
          return `for ${context.viewer.name}`;
        },
        boom: () => {
          throw new Error("password=hunter2 at /etc/shadow");
        },
        wait: () => new Promise<string>((resolve) => held.add(() => resolve("at last"))),
        conflict: () => {
          throw new ConflictError("A test is running.", "Wait for it.", { planName: "Web", lifecycle: "TEST_IN_PROGRESS", limit: 1 });
        },
        data: () => ({}),
      },
      Thing: { thing: () => ({}), things: () => [{}] },
      Mutation: {
        bump: (_root, { by }: { by: number }) => {
          bumped += by;
          return bumped;
        },
        answerPrompt: () => true,
        startRecovery: () => true,
        createSession: () => true,
        signOut: (_root, _args, { token }) => {
          if (token) sessions.remove(token);
          return true;
        },
      },
      Tick: {
        n: (n: number) => n,
        text: () => text,
        madeFor: (_n: number, _args: unknown, { made }: TestContext) => made,
        boom: () => {
          throw new Error("inside");
        },
      },
      Subscription: {
        ticks: { subscribe: () => ticks.source(), resolve: (n: number) => n },
        secretTicks: {
          subscribe: (_root: unknown, _args: unknown, context: TestContext) => {
            signedIn(context);
            return ticks.source();
          },
          resolve: (n: number) => n,
        },
        refused: {
          subscribe: () => {
            throw new ConflictError("Not now.", "Later.");
          },
        },
      },
    },
  });

  const gateway = await startGateway({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    pingMs: 12_000,
    requestsPerMinute: 10_000,
    maxQueryCost: 250_000,
    streamsPerSession: 100,
    schema,
    contextFactory: (caller) => ({ ...caller, made: ++contexts }),
    gantt: async () => "<svg/>",
    report: async () => ({ contentType: "text/csv", fileName: "a.csv", body: "" }),
    evidencePack: async () => ({ contentType: "application/zip", fileName: "a.zip", body: "" }),
    sessions,
    unready: async () => null,
    log,
    ...options,
  });
  const graphqlUrl = `${gateway.url}/graphql`;

  return {
    gateway,
    graphqlUrl,
    sessions,
    ticks,
    logged,
    bumped: () => bumped,
    release: () => {
      for (const go of held) go();
    },
    post: (query: string, headers: Record<string, string> = {}, variables: object = {}) => post(graphqlUrl, { query, variables }, headers),
    close: () => gateway.close({ spreadMs: 0 }),
  };
}

export type TestGateway = Awaited<ReturnType<typeof testGateway>>;

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions: Record<string, unknown>;
  }[];
}

export async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<GraphqlAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
    body: JSON.stringify(body),
  });
  const answer: Omit<GraphqlAnswer, "status" | "headers"> = JSON.parse(await response.text());
  return { ...answer, status: response.status, headers: response.headers };
}

/** A socket without a client library: what is sent and received is the protocol itself. */
export async function rawSocket(url: string, params: Record<string, unknown> | null, headers: Record<string, string | string[]> = {}) {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws", { headers });
  const messages: { readonly type: string; readonly id?: string; readonly payload?: unknown }[] = [];
  const waiting = new Set<{ look(): void; giveUp(why: Error): void }>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => {
      resolve({ code, reason: String(reason) });
      for (const { giveUp } of waiting) giveUp(new Error(`The socket was closed with ${code} ${reason}.`));
    });
  });
  socket.on("error", () => {});
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)));
    for (const { look } of waiting) look();
  });
  await new Promise<void>((resolve) => {
    socket.once("open", resolve);
    socket.once("close", () => resolve());
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  if (params) send({ type: "connection_init", payload: params });
  /** The next message that fits, of those already received or to come; each is given once. */
  const next = (type: string | readonly string[], id?: string) =>
    new Promise<(typeof messages)[number]>((resolve, giveUp) => {
      const look = () => {
        const at = messages.findIndex((message) => [type].flat().includes(message.type) && (id === undefined || message.id === id));
        if (at < 0) return;
        waiting.delete(entry);
        const [found] = messages.splice(at, 1);
        if (found) resolve(found);
      };
      const entry = { look, giveUp };
      waiting.add(entry);
      look();
    });
  const subscribe = (id: string, query: string, variables = {}) => send({ type: "subscribe", id, payload: { query, variables } });
  return { socket, messages, closed, send, next, subscribe };
}

/** Reads an event stream: blocks as they come. */
export async function eventStream(url: string, query: string, headers: Record<string, string> = {}, variables = {}) {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
    body: JSON.stringify({ query, variables }),
    signal: abort.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  /** The next event that is no ping; null at an orderly end; throws when the stream is cut. */
  const next = async (): Promise<{ event: string; data: string } | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const event = /^event: (.*)$/m.exec(block)?.[1];
        if (event) return { event, data: /^data: ?(.*)$/m.exec(block)?.[1] ?? "" };
        continue;
      }
      const read = await reader?.read();
      if (!read || read.done) return null;
      text += read.value;
    }
  };
  return { response, next, abort: () => abort.abort() };
}

export const wsClient = (url: string, token: string, more: Partial<ClientOptions> = {}) =>
  createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { sessionToken: token },
    retryAttempts: 0,
    ...more,
  });
