/** PostgreSQL out of npm, for a gateway that was given no DATABASE_URL. Reached by a unix socket only. */
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { locateBinaries } from "./embedded/binaries.ts";
import { give, makeDataDir, makeSocketDir, serverDirOf, socketDirOf } from "./embedded/folders.ts";
import { chooseLauncher } from "./embedded/launcher.ts";
import { initialise, startServer } from "./embedded/server.ts";
import { clearStale } from "./embedded/stale.ts";

const databaseName = "dr_gateway";
/** More often than that it is not bad luck, and somebody has to look. */
const mostRestarts = 5;

export interface EmbeddedServer extends AsyncDisposable {
  readonly url: string;
  /** Of the server's first process; another one after a restart. */
  readonly pid: number;
  /** Settles when the server has ended for good: it was stopped, or ended by itself too often. */
  readonly ended: Promise<void>;
  /** Ends all sessions in order; a second call waits for the first. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Absolute. The caller holds its instance lock. */
  readonly dataDir: string;
  /** Short name of the data folder. */
  readonly instance: string;
  /** Settings beyond the usual ones, such as "fsync=off". */
  readonly settings?: readonly string[];
}

export async function startEmbedded({ dataDir, instance, settings = [] }: EmbeddedOptions): Promise<EmbeddedServer> {
  const serverDir = serverDirOf(dataDir);
  await makeDataDir(dataDir);
  const launcher = await chooseLauncher(locateBinaries(), dataDir);
  const socketDir = await makeSocketDir(instance, launcher.owner);
  const exists = await access(serverDir).then(
    () => true,
    () => false,
  );
  if (exists) await clearStale(serverDir, socketDir);
  else await initialise(launcher, serverDir);
  await give(serverDir, launcher.owner);
  const begin = () => startServer(launcher, { serverDir, socketDir, logFile: join(dataDir, "postgresql.log"), extra: settings });
  let server = await begin();
  await ensureDatabase(socketDir).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  let stopping: Promise<void> | undefined;

  /** A server that was killed is started again: the gateway waits for its database, and does not end with it. */
  async function keepUp(): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      await server.ended;
      if (stopping || restarts === mostRestarts) return;
      await clearStale(serverDir, socketDir);
      const next = await begin();
      if (stopping) return next.stop();
      server = next;
    }
  }
  const ended = keepUp().catch(() => {});

  async function end(): Promise<void> {
    await server.stop();
    await ended;
    await rm(socketDir, { recursive: true, force: true });
  }
  const stop = () => {
    stopping ??= end();
    return stopping;
  };
  return {
    url: urlOf(socketDir, databaseName),
    get pid() {
      return server.pid;
    },
    ended,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The server of a gateway that runs on this data folder; null: none does. */
export async function runningEmbeddedUrl(instance: string): Promise<string | null> {
  const socketDir = socketDirOf(instance);
  return access(join(socketDir, ".s.PGSQL.5432")).then(
    () => urlOf(socketDir, databaseName),
    () => null,
  );
}

/** Asked each time: an earlier first start may have been broken off before it. */
async function ensureDatabase(socketDir: string): Promise<void> {
  const client = new pg.Client({ host: socketDir, user: "dr", database: "postgres" });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end();
  }
}

/** The form that both pg and Prisma's adapter read. */
const urlOf = (socketDir: string, database: string) => `postgresql://dr@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
