/** Brings a database to this version's schema at start, safely when several nodes start at once. */
import { join } from "node:path";
import pg from "pg";
import { connect } from "./connection.ts";
import { DatabaseError, messageOf } from "./errors.ts";
import { MigrationAdapterFactory } from "./migration-adapter.ts";
import { applyMigrations, diagnose, type HistoryDiagnostic, migrationList, openEngine } from "./schema-engine.ts";
import { type Migration, prismaFolder, readMigrations } from "./schema-files.ts";

/** Any number, the same on every node. */
const lockKey = 7_264_190_355;
const oldestServer = 15;

export interface MigrateOptions {
  readonly folder?: string;
  /** The setting that the URL came from, for errors. */
  readonly variable?: string;
}

/** Past a pooler: the lock belongs to a session. Gives the names of the migrations that were applied. */
export async function migrate(
  url: string,
  { folder = join(prismaFolder, "migrations"), variable }: MigrateOptions = {},
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const holder = await connect(url, "dr-gateway migrations", variable);
  try {
    await checkServer(holder);
    await holder.query("SELECT pg_advisory_lock($1)", [lockKey]);
    return await bringUpToDate(url, folder, migrations);
  } finally {
    await holder.end();
  }
}

async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string; major: number }>(
    "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major",
  );
  const [server] = rows;
  if (server === undefined || server.major >= oldestServer) return;
  throw new DatabaseError(`The database runs on PostgreSQL ${server.version}; the gateway needs ${oldestServer} or newer, so upgrade it.`);
}

/** A pool of its own that ends right after: an idle connection would keep the engine's lock. */
async function bringUpToDate(url: string, folder: string, migrations: readonly Migration[]): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: "dr-gateway migrations" });
  pool.on("error", () => {});
  const list = migrationList(folder, migrations);
  const adapter = new MigrationAdapterFactory(pool);
  try {
    const engine = await openEngine(adapter);
    const { history, editedMigrationNames, failedMigrationNames } = await diagnose(engine, list);
    const edited = editedMigrationNames.filter((name) => !failedMigrationNames.includes(name));
    refuseForeignHistory(history, edited);
    // What failed or was broken off left nothing behind, so it is simply tried again.
    for (const migrationName of failedMigrationNames) await engine.markMigrationRolledBack({ migrationName });
    return await applyMigrations(engine, list);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(failure(messageOf(error), adapter.scriptError), { cause: error });
  } finally {
    await pool.end();
  }
}

function refuseForeignHistory(history: HistoryDiagnostic | null, edited: readonly string[]): void {
  const unknown = history !== null && "unpersistedMigrationNames" in history ? history.unpersistedMigrationNames : [];
  if (unknown.length > 0) {
    throw new DatabaseError(
      `The database is of a newer version (it has ${unknown.join(", ")}); start that version, or restore a backup from before the upgrade.`,
    );
  }
  if (edited.length > 0) {
    throw new DatabaseError(
      `The migration ${edited.join(", ")} was changed after the database had taken it; put its file back as it was, and make the change in a new migration.`,
    );
  }
}

function failure(message: string, scriptError: Error | null): string {
  const text = message.replaceAll(/\s+/g, " ").trim();
  const name = /migration_name="(\S+)"/.exec(text)?.[1];
  if (name === undefined || scriptError === null)
    return `The database could not be brought to this version (${text}); put that right, and start again.`;
  return `The migration ${name} failed and left nothing behind (${scriptError.message}); put that right, and start again.`;
}
