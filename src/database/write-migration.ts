import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { schemaDrift } from "./schema-drift.ts";
import { readMigrations, readSchema, schemaCopyFolder } from "./schema-files.ts";

export interface NewMigration {
  /** Holds schema/ and migrations/. */
  readonly folder: string;
  readonly name: string;
  /** Also when the schema is unchanged. */
  readonly empty: boolean;
  readonly now: Date;
}

/** Gives the path of what was written; null when there is nothing to write. */
export async function writeMigration({ folder, name, empty, now }: NewMigration): Promise<string | null> {
  const sql = (await schemaDrift(folder)) ?? (empty ? "-- By hand: comparing schemas leaves this alone.\n" : null);
  if (sql === null) return null;
  const migrations = join(folder, "migrations");
  const before = (await readMigrations(migrations)).at(-1);
  const migration = `${timestampAfter(before?.name, now)}_${name}`;
  await write(migrations, migration, sql, await readSchema(join(folder, "schema")));
  // Only the newest one needs a copy of the schema.
  if (before !== undefined) await rm(schemaCopyFolder(migrations, before.name), { recursive: true, force: true });
  return join(migrations, migration, "migration.sql");
}

/** Under another name first: a half-written migration must not be applied. */
async function write(migrations: string, name: string, sql: string, schema: Awaited<ReturnType<typeof readSchema>>): Promise<void> {
  const unfinished = join(migrations, `.${name}`);
  const copy = join(unfinished, "schema");
  await mkdir(copy, { recursive: true });
  await writeFile(join(unfinished, "migration.sql"), sql);
  await Promise.all(schema.map(({ path, content }) => writeFile(join(copy, path), content)));
  await writeFile(join(migrations, "migration_lock.toml"), 'provider = "postgresql"\n');
  await rename(unfinished, join(migrations, name));
}

/** As Prisma names them: 20261123200000. Later than the newest one's, also on a machine whose clock is behind. */
function timestampAfter(newest: string | undefined, now: Date): string {
  const wanted = now.toISOString().replaceAll(/\D/g, "").slice(0, 14);
  const last = newest?.slice(0, 14) ?? "";
  return wanted > last ? wanted : String(BigInt(last) + 1n);
}
