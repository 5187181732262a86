/** Single connections past the pool, and what a refused one means in a sentence. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import pg from "pg";
import { codeOf, DatabaseError, messageOf } from "./errors.ts";

const connectMs = 5_000;

/** On every connection: Prisma's adapter reads and writes times as UTC. */
export const inUtc = "SET TIME ZONE 'UTC'";

/**
 * A connection of its own, for LISTEN, leases and locks. It never heals: whoever holds it listens to "end" and opens another.
 * `variable` names the setting in errors.
 */
export async function connect(url: string, name: string, variable = "DATABASE_URL"): Promise<pg.Client> {
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url, application_name: name, keepAlive: true, connectionTimeoutMillis: connectMs });
  } catch {
    throw new DatabaseError(`${variable} is not a URL of PostgreSQL; write it as postgresql://user:password@host:5432/database.`);
  }
  // Without a listener a broken connection ends the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(inUtc);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw new DatabaseError(refusal(client, error, variable), { cause: error });
  }
}

const notificationMs = 3_000;

/** Whether news reach a session of `directUrl`: behind a pooler they don't, and leases and LISTEN would fail without a word. */
export async function checkDirect(url: string, directUrl: string | null): Promise<void> {
  const variable = directUrl === null ? "DATABASE_URL" : "DATABASE_DIRECT_URL";
  await using open = new AsyncDisposableStack();
  const listener = open.adopt(await connect(directUrl ?? url, "dr-gateway start", variable), (client) => client.end());
  const sender = open.adopt(await connect(url, "dr-gateway start"), (client) => client.end());
  const channel = `dr_start_${randomUUID().replaceAll("-", "")}`;
  await listener.query(`LISTEN ${channel}`);
  try {
    const heard = once(listener, "notification", { signal: AbortSignal.timeout(notificationMs) });
    await Promise.all([heard, sender.query("SELECT pg_notify($1, '')", [channel])]);
  } catch (error) {
    throw new DatabaseError(
      `No notifications arrive over ${variable}, which a pooler or another database may be the cause of; ` +
        "set DATABASE_DIRECT_URL to a direct connection to the same database.",
      { cause: error },
    );
  }
}

function refusal({ host, port, user, database }: pg.Client, error: unknown, variable: string): string {
  const server = `the PostgreSQL at ${host.startsWith("/") ? host : `${host}:${port}`}`;
  const why = messageOf(error);
  switch (codeOf(error)) {
    case "3D000":
      return `There is no database "${database}" on ${server}; create it, or correct ${variable}.`;
    case "28P01":
    case "28000":
      return `User "${user}" may not sign in to ${server} (${why}); correct the user and the password in ${variable}.`;
    case "42501":
      return `User "${user}" may not use the database "${database}" on ${server} (${why}); grant it the right to connect, or correct ${variable}.`;
    case "53300":
      return `All connections of ${server} are taken; raise its max_connections, or end other clients.`;
    case "57P03":
      return `${capital(server)} is not ready yet (${why}); start the gateway again in a moment.`;
    default:
      if (why.includes("password must be a string")) return `${capital(server)} asks for a password; put it in ${variable}.`;
      return `${capital(server)} can't be reached (${why}); check ${variable}, and that the server runs.`;
  }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}
