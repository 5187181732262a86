/** A gateway's two transports over a log of numbers, whose connections can be cut after any batch. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, GraphQLError, type GraphQLSchema } from "graphql";
import { type Extra, useServer } from "graphql-ws/use/ws";
import { createYoga } from "graphql-yoga";
import { type WebSocket, WebSocketServer } from "ws";

export interface Numbers {
  readonly cursor: string;
  readonly numbers: readonly number[];
}

/** What happens to one connection after its batches: it breaks, is closed with this code, answers an error, or completes. */
export type Fate = { readonly batches: number; readonly end: "BREAK" | "STALL" | "COMPLETE" | number | { readonly code: string } };

interface Connection {
  readonly token: string | undefined;
  cut(how: "BREAK" | "STALL" | number): void;
}

export interface Server {
  readonly http: string;
  readonly ws: string;
  /** What the subscriptions so far came with. */
  readonly asked: { readonly after: string | null; readonly token: string | undefined }[];
  /** Sources that are open. */
  open(): number;
  close(): Promise<void>;
}

const query =
  "type Query { ok: Boolean } type Subscription { numbers(after: String): Batch } type Batch { cursor: String! numbers: [Int!]! }";
const perBatch = 3;

/** Connections meet the fates in turn. Only tokens in `tokens` are let in over WebSocket. */
export async function startServer(fates: Fate[], options: { port?: number; tokens?: readonly string[] } = {}): Promise<Server> {
  const asked: Server["asked"] = [];
  let open = 0;
  const schema = withSource(buildSchema(query), (after, connection) => {
    asked.push({ after, token: connection.token });
    open++;
    return source(Number(after ?? 0), fates.shift() ?? { batches: 0, end: "COMPLETE" }, connection, () => open--);
  });
  const yoga = createYoga<{ req: IncomingMessage }>({
    schema,
    logging: true,
    maskedErrors: false,
    context: ({ req }) => ({ token: header(req), cut: (how: unknown) => void (how !== "STALL" && req.socket.destroy()) }),
  });
  const server = createServer(yoga);
  const sockets = new WebSocketServer({ server });
  useServer<Record<string, string>, Extra & Record<PropertyKey, unknown>>(
    {
      schema,
      onConnect: ({ connectionParams, extra }) => {
        const token = connectionParams?.["session-token"];
        if (options.tokens === undefined || options.tokens.includes(token ?? "")) return true;
        extra.socket.close(4401, "Unauthorized");
        return false;
      },
      context: ({ connectionParams, extra }) => ({
        token: connectionParams?.["session-token"],
        cut: (how: unknown) => cut(extra.socket, how),
      }),
    },
    sockets,
  );
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = address(server.address());
  return {
    http: `http://127.0.0.1:${port}/graphql`,
    ws: `ws://127.0.0.1:${port}/graphql`,
    asked,
    open: () => open,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function cut(socket: WebSocket, how: unknown): void {
  if (typeof how === "number") socket.close(how, "as told");
  else if (how === "STALL") socket.pause();
  else socket.terminate();
}

/** Numbers behind `after`, three at a time; never an async generator, as in the product. */
function source(
  after: number,
  { batches, end: fate }: Fate,
  connection: Connection,
  onEnd: () => void,
): AsyncIterableIterator<{ numbers: Numbers }> {
  let [at, left, over] = [after, batches, false];
  const pending = Promise.withResolvers<IteratorResult<{ numbers: Numbers }>>();
  const end = async () => {
    if (!over) onEnd();
    over = true;
    pending.resolve({ done: true, value: undefined });
    return { done: true, value: undefined } as const;
  };
  const iterator: AsyncIterableIterator<{ numbers: Numbers }> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      if (left-- > 0) {
        const numbers = Array.from({ length: perBatch }, (_, index) => at + index + 1);
        at += perBatch;
        return { done: false, value: { numbers: { cursor: String(at), numbers } } };
      }
      if (fate === "COMPLETE" || over) return end();
      if (typeof fate === "object") throw await end().then(() => new GraphQLError("as told", { extensions: fate }));
      connection.cut(fate);
      return pending.promise;
    },
    return: end,
  };
  return iterator;
}

function withSource(
  schema: GraphQLSchema,
  subscribe: (after: string | null, connection: Connection) => AsyncIterable<unknown>,
): GraphQLSchema {
  const field = schema.getSubscriptionType()?.getFields().numbers;
  if (field === undefined) throw new Error("no field");
  field.subscribe = (_root: unknown, args: { after?: string | null }, connection: Connection) => subscribe(args.after ?? null, connection);
  return schema;
}

function header(request: IncomingMessage): string | undefined {
  const value = request.headers["session-token"];
  return typeof value === "string" ? value : undefined;
}

function address(value: string | AddressInfo | null): AddressInfo {
  if (value === null || typeof value === "string") throw new Error("not listening");
  return value;
}
