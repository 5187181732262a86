/**
 * The gateway's connections: one pool that Prisma and the hot, prepared statements share, and direct ones past a pooler.
 *
 * Rows of raw statements are as pg gives them: bigint and numeric are strings (BigInt(text) where a number is wanted), timestamps
 * are Dates, jsonb is parsed. Prisma's rows have bigint as BigInt.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { watchAnswers } from "./answers-in-time.ts";
import { checkDirect, connect, inUtc } from "./connection.ts";
import { PrismaClient } from "./generated/client.ts";
import { statementNames } from "./statement-names.ts";

export interface Database extends AsyncDisposable {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  /** For connections that a pooler would break: leases, LISTEN, locks. */
  readonly directUrl: string;
  /** A connection past the pool, which the caller ends. It does not heal by itself. */
  connectDirect(name: string): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Null or absent: the same as `url`. */
  readonly directUrl?: string | null;
  readonly poolSize?: number;
  /** False: an answer is waited for as long as it takes, for a command that reads whole logs. What the server allows is its transaction's to say. */
  readonly answersInTime?: boolean;
  /** Told of connections that broke, but not of those that were closing anyway; the pool replaces them. */
  readonly onConnectionLost?: (error: Error) => void;
}

/** No statement of the gateway is near this. */
const statementSeconds = 30;
/** Below the lease: a node that is stopped inside a transaction must not hold its rows for longer. */
const idleInTransactionSeconds = 2;

/** A connection keeps what was prepared on it for as long as it lives. */
const longestLifeSeconds = 3_600;
/** Of Prisma's statements. */
const mostNames = 1_000;

const sessionSettings = [
  inUtc,
  `SET statement_timeout = '${statementSeconds}s'`,
  `SET idle_in_transaction_session_timeout = '${idleInTransactionSeconds}s'`,
].join("; ");

/** With a limit of its own: nobody watches a connection before it is settled. */
const settling = { text: sessionSettings, query_timeout: 5_000 };

interface Pooled extends AsyncDisposable {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** Connections for work that is not to wait behind that of `openDatabase`, nor the other way round. */
export function openPool({
  url,
  poolSize = 20,
  answersInTime = true,
  onConnectionLost = () => {},
}: Omit<DatabaseOptions, "directUrl">): Pooled {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: "dr-gateway",
    keepAlive: true,
    pipeline: true, // who has several statements to send need not wait for the answers in between
    maxLifetimeSeconds: longestLifeSeconds,
    connectionTimeoutMillis: 5_000,
    onConnect: async (client) => void (await client.query(settling)),
  });
  let closing: Promise<void> | undefined;
  const onError = (error: Error) => {
    if (closing === undefined) onConnectionLost(error);
  };
  // The pool listens to idle connections only; one that is in use would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  pool.on("error", onError);
  // A server that is gone without a word: the client gives up a little after the server would have.
  const unwatch = answersInTime ? watchAnswers(pool, { ms: (statementSeconds + 5) * 1_000 }) : () => {};
  const close = () => {
    closing ??= pool.end().finally(unwatch);
    return closing;
  };
  return { pool, close, [Symbol.asyncDispose]: close };
}

export async function openDatabase({ directUrl, ...options }: DatabaseOptions): Promise<Database> {
  const { url } = options;
  const direct = directUrl ?? url;
  // The first connections are made here, so that a wrong URL is told at once and in a sentence.
  await checkDirect(url, directUrl ?? null);
  let closing: Promise<void> | undefined;
  const onConnectionLost = (error: Error) => {
    if (closing === undefined) options.onConnectionLost?.(error);
  };
  const pooled = openPool({ ...options, onConnectionLost });
  const { pool } = pooled;
  const nameOf = statementNames({ prefix: "prisma_", most: mostNames });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => nameOf(sql) ?? "" }) });
  const close = () => {
    closing ??= prisma.$disconnect().then(() => pooled.close());
    return closing;
  };
  return {
    pool,
    prisma,
    directUrl: direct,
    connectDirect: (name) => connect(direct, `dr-gateway ${name}`),
    close,
    [Symbol.asyncDispose]: close,
  };
}
