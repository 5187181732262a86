/** The PostgreSQL that everybody is measured on: the one that comes with the product, set up as a server of its own would be. */
import { randomBytes } from "node:crypto";
import { openDatabase } from "../../src/database/database.ts";
import { type EmbeddedServer, startEmbedded } from "../../src/database/embedded.ts";
import { migrate } from "../../src/database/migrations.ts";
import { temporaryFolder } from "./folders.ts";
import { onInterrupt } from "./interrupt.ts";

/** Half a gigabyte holds all data of the largest part; fsync and synchronous_commit stay on. */
const settings = [
  "shared_buffers=512MB",
  "effective_cache_size=2GB",
  "work_mem=16MB",
  "maintenance_work_mem=256MB",
  "max_wal_size=4GB",
  "checkpoint_timeout=15min",
  "wal_compression=on",
  "random_page_cost=1.1",
  "max_worker_processes=8",
  "max_connections=300",
];

export interface BenchServer extends AsyncDisposable {
  /** A database with the product's tables, in their newest form. */
  readonly url: string;
  /** PostgreSQL's first process: `cpuSeconds` of it counts all of them. */
  readonly pid: number;
  /** The product's own way to it, for filling and looking. */
  readonly database: Awaited<ReturnType<typeof openDatabase>>;
}

/** A server of its own on a folder of its own, with the product's tables; it is as the product starts it where no settings are given. */
export async function startServer(itsSettings: readonly string[] = []): Promise<Pick<EmbeddedServer, "url" | "pid"> & AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const folder = open.use(temporaryFolder());
  const instance = `bench-${process.pid}-${randomBytes(3).toString("hex")}`;
  const starting = startEmbedded({ dataDir: folder.path, instance, settings: itsSettings });
  open.defer(onInterrupt(async () => (await starting).stop()));
  const server = open.use(await starting);
  await migrate(server.url);
  const { url, pid } = server;
  const all = open.move();
  return { url, pid, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** `extra` are settings beyond the usual ones. */
export async function startBenchServer(extra: readonly string[] = []): Promise<BenchServer> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startServer([...settings, ...extra]));
  const database = starting.use(await openDatabase({ url: server.url, poolSize: 4, answersInTime: false }));
  const open = starting.move();
  return { url: server.url, pid: server.pid, database, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
