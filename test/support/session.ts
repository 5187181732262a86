import type pg from "pg";
import type { Database } from "../../src/database/database.ts";

/** Whose transaction may idle until others wait for it, which takes its time on a busy machine: those of the pool are ended after 2 s. */
export interface Session extends Pick<pg.Client, "query">, AsyncDisposable {}

export async function aSession({ connectDirect }: Pick<Database, "connectDirect">): Promise<Session> {
  const client = await connectDirect("test");
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** In a transaction, with what this statement locks or has changed. */
export async function holding(database: Pick<Database, "connectDirect">, text: string, values: unknown[] = []): Promise<Session> {
  const session = await aSession(database);
  await session.query("BEGIN");
  await session.query(text, values);
  return session;
}
