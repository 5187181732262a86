/**
 * Gives up on a server that is gone without a word. Done here, by looking every so often, since pg's own `query_timeout` makes a timer for each
 * statement: V8 kept what these had read until its next full collection, and copied it twice until then.
 */
import { Duplex } from "node:stream";
import type pg from "pg";

export interface Patience {
  /** A connection whose statement has had no answer for so long is ended, and the statement fails. */
  readonly ms: number;
  readonly lookMs?: number;
}

/** The statement that a connection was seen with. */
interface Seen {
  readonly statement: WeakRef<object>;
  readonly since: number;
}

/** Answers how to stop looking. */
export function watchAnswers(pool: pg.Pool, { ms, lookMs = ms / 7 }: Patience): () => void {
  const clients = new Map<pg.PoolClient, Seen | null>();
  pool.on("connect", (client) => clients.set(client, null));
  pool.on("remove", (client) => clients.delete(client));
  const look = () => {
    const now = performance.now();
    for (const [client, seen] of clients) {
      const statement = statementOf(client);
      if (statement === null) clients.set(client, null);
      else if (seen?.statement.deref() !== statement) clients.set(client, { statement: new WeakRef(statement), since: now });
      else if (now - seen.since >= ms) endAtOnce(client);
    }
  };
  const timer = setInterval(look, lookMs).unref();
  return () => clearInterval(timer);
}

/** The one that waits for its answer. pg has no public name for it. */
function statementOf(client: pg.PoolClient): object | null {
  const statement: unknown = Reflect.get(client, "_activeQuery");
  return typeof statement === "object" ? statement : null;
}

/** `end` would wait for the answer. pg has no public name for the connection. */
function endAtOnce(client: pg.PoolClient): void {
  const connection: unknown = Reflect.get(client, "connection");
  if (typeof connection !== "object" || connection === null) return;
  const stream: unknown = Reflect.get(connection, "stream");
  if (stream instanceof Duplex) stream.destroy();
}
