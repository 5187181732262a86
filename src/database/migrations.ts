/** Brings a database to this version's schema at start, safely when several nodes start at once. */
import { join } from "node:path";
import pg from "pg";
import { connect } from "./connection.ts";
import { DatabaseError, messageOf } from "./errors.ts";
import { MigrationAdapterFactory } from "./migration-adapter.ts";
import { applyMigrations, migrationList, openEngine, type SchemaEngine } from "./schema-engine.ts";
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
  try {
    const engine = await openEngine(new MigrationAdapterFactory(pool));
    await refuseForeignHistory(engine, folder, migrations);
    return await applyMigrations(engine, migrationList(folder, migrations));
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`The database could not be brought to this version: ${oneLine(messageOf(error))}`, { cause: error });
  } finally {
    await pool.end();
  }
}

async function refuseForeignHistory(engine: SchemaEngine, folder: string, migrations: readonly Migration[]): Promise<void> {
  const { history, editedMigrationNames, failedMigrationNames } = await engine.diagnoseMigrationHistory({
    migrationsList: migrationList(folder, migrations),
    optInToShadowDatabase: false,
    filters: { externalTables: [], externalEnums: [] },
  });
  const unknown = history !== null && "unpersistedMigrationNames" in history ? history.unpersistedMigrationNames : [];
  if (unknown.length > 0) {
    throw new DatabaseError(
      `The database is of a newer version (it has ${unknown.join(", ")}); start that version, or restore a backup from before the upgrade.`,
    );
  }
  if (failedMigrationNames.length > 0) {
    const [name] = failedMigrationNames;
    throw new DatabaseError(
      `The migration ${name} failed earlier and left nothing behind; put its cause right, ` +
        `run npm run db:migration -- --rolled-back ${name}, and start again.`,
    );
  }
  if (editedMigrationNames.length > 0) {
    throw new DatabaseError(
      `${editedMigrationNames.join(", ")} was changed after the database had taken it; put the file back, and write a new migration with npm run db:migration.`,
    );
  }
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();
