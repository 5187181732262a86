/** A gateway over a tiny schema, with sessions in memory, and everything that a test wants to see from outside. */
import { randomUUID } from "node:crypto";
import { createClient } from "graphql-ws";
import { createSchema } from "graphql-yoga";
import { type Logger, pino } from "pino";
import { WebSocket } from "ws";
import { type Caller, signedIn } from "../../src/domain/access/caller.ts";
import type { Sessions } from "../../src/domain/access/sessions.ts";
import { ConflictError } from "../../src/domain/errors.ts";
import { roles } from "../../src/domain/viewer.ts";
import { type GatewayOptions, startGateway } from "../../src/gateway/server.ts";

interface TestSession {
  readonly id: string;
  expiresAt: number;
  deleted: boolean;
}

/** Sessions as the gateway sees them. `forget` is a deletion on another node: nobody tells this one. */
export function sessionsInMemory() {
  const byToken = new Map<string, TestSession>();
  const listeners = new Set<(id: string) => void>();
  let away: Error | null = null;
  const isOver = (session: TestSession | undefined) => !session || session.deleted || session.expiresAt <= Date.now();

  const gate: Pick<Sessions, "authenticate" | "overAmong" | "onRemoved"> = {
    async authenticate(token) {
      if (away) throw away;
      const session = byToken.get(token);
      if (!session || session.deleted) return { state: "unknown" };
      const expiresAt = new Date(session.expiresAt);
      if (isOver(session)) return { state: "expired", expiredAt: expiresAt };
      const viewer = { userId: "u1", name: "ada", roles: new Set(roles), sessionId: session.id, expiresAt };
      return { state: "valid", viewer, remainingMs: session.expiresAt - Date.now() };
    },
    async overAmong(ids) {
      return [...byToken.values()]
        .filter((one) => ids.includes(one.id) && isOver(one))
        .map((one) => ({ id: one.id, expired: !one.deleted }));
    },
    onRemoved(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    ...gate,
    open(lifeMs = 3_600_000): string {
      const token = randomUUID();
      byToken.set(token, { id: randomUUID(), expiresAt: Date.now() + lifeMs, deleted: false });
      return token;
    },
    forget(token: string) {
      const session = byToken.get(token);
      if (session) session.deleted = true;
    },
    remove(token: string) {
      const session = byToken.get(token);
      if (!session) return;
      session.deleted = true;
      for (const listener of listeners) listener(session.id);
    },
    goAway(error: Error | null) {
      away = error;
    },
  };
}

/** A source of numbers that a test pushes by hand; `open` counts those that have been started and not returned. */
export function tickSource() {
  const readers = new Set<{ push(n: number): void; fail(error: Error): void }>();
  const changed = new Set<() => void>();
  let pulls = 0;
  const announce = () => {
    for (const listener of changed) listener();
  };

  function source(): AsyncIterableIterator<number> {
    const queue: number[] = [];
    let failure: Error | null = null;
    let over = false;
    let wake: (() => void) | null = null;
    const settle = () => {
      wake?.();
      wake = null;
    };
    const reader = {
      push: (n: number) => [queue.push(n), settle()],
      fail: (error: Error) => {
        failure = error;
        settle();
      },
    };
    const iterator: AsyncIterableIterator<number> = {
      [Symbol.asyncIterator]: () => iterator,
      async next() {
        pulls++;
        readers.add(reader);
        announce();
        while (!over && !failure && queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (failure) throw failure;
        const value = queue.shift();
        return over || value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      async return() {
        over = true;
        readers.delete(reader);
        settle();
        announce();
        return { done: true, value: undefined };
      },
    };
    return iterator;
  }

  return {
    source,
    open: () => readers.size,
    pulls: () => pulls,
    push: (n: number) => {
      for (const reader of readers) reader.push(n);
    },
    fail: (error: Error) => {
      for (const reader of readers) reader.fail(error);
    },
    /** Resolves when that many are open. */
    opened: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (readers.size !== count) return;
          changed.delete(look);
          resolve();
        };
        changed.add(look);
        look();
      }),
  };
}

interface TestContext extends Caller {
  readonly made: number;
}

const typeDefs = /* GraphQL */ `
  type Query { hello: String, secret: String, boom: String, wait: String, conflict: String, data: Thing, must: String!, twice(n: Int!): Int }
  type Thing { thing: Thing, things(first: Int): [Thing!], name: String }
  type Mutation { bump(by: Int! = 1): Int, signOut: Boolean }
  type Tick { n: Int, madeFor: Int, text: String, boom: String }
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
    schema,
    contextFactory: (caller) => ({ ...caller, made: ++contexts }),
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
export async function rawSocket(url: string, params: Record<string, unknown> | null, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws", { headers });
  const messages: { readonly type: string; readonly id?: string; readonly payload?: unknown }[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on("error", () => {});
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)));
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => {
    socket.once("open", resolve);
    socket.once("close", () => resolve());
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  if (params) send({ type: "connection_init", payload: params });
  /** The next message that fits, of those already received or to come; each is given once. */
  const next = (type: string, id?: string) =>
    new Promise<(typeof messages)[number]>((resolve) => {
      const look = () => {
        const at = messages.findIndex((message) => message.type === type && (id === undefined || message.id === id));
        if (at < 0) return;
        waiting.delete(look);
        const [found] = messages.splice(at, 1);
        if (found) resolve(found);
      };
      waiting.add(look);
      look();
    });
  const subscribe = (id: string, query: string, variables = {}) => send({ type: "subscribe", id, payload: { query, variables } });
  return { socket, messages, closed, send, next, subscribe };
}

/** Reads an event stream: blocks as they come. */
export async function eventStream(url: string, query: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
    body: JSON.stringify({ query }),
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

export const wsClient = (url: string, token: string) =>
  createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: { sessionToken: token }, retryAttempts: 0 });
