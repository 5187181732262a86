import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DatabaseError } from "../../src/database/errors.ts";
import { MigrationAdapterFactory } from "../../src/database/migration-adapter.ts";
import { migrate } from "../../src/database/migrations.ts";
import { diffSchemas, openEngine, schemaTarget } from "../../src/database/schema-engine.ts";
import { prismaFolder, readMigrations, readSchema } from "../../src/database/schema-files.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
let folder: string;
beforeEach(async () => {
  db = await freshDatabase({ migrated: false });
});
afterEach(() => db.drop());
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dr-migrations-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder of migrations of its own, each name with its SQL. */
async function migrationsOf(name: string, migrations: Readonly<Record<string, string>>): Promise<string> {
  const target = join(folder, name);
  await rm(target, { recursive: true, force: true });
  for (const [migration, sql] of Object.entries(migrations)) {
    await mkdir(join(target, migration), { recursive: true });
    await writeFile(join(target, migration, "migration.sql"), sql);
  }
  return target;
}

const tables = async () => {
  const { rows } = await db.database.pool.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  return rows.map(({ name }) => name).filter((name) => name !== "_prisma_migrations");
};

describe("migrations", () => {
  it("bring an empty database to the schema, and do nothing the second time", async () => {
    const all = (await readMigrations(join(prismaFolder, "migrations"))).map(({ name }) => name);
    expect(await migrate(db.url)).toEqual(all);
    expect(await migrate(db.url)).toEqual([]);
    expect(await db.database.prisma.eventCounter.findMany()).toMatchObject([{ id: 1, value: 0n, keptAfter: 0n }]);
  });

  it("are applied once by three nodes that start together", async () => {
    const applied = await Promise.all([migrate(db.url), migrate(db.url), migrate(db.url)]);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  });

  it("make what prisma/schema describes, nothing else", async () => {
    await migrate(db.url);
    const engine = await openEngine(new MigrationAdapterFactory(db.database.pool));
    const schema = await readSchema(join(prismaFolder, "schema"));
    const difference = await diffSchemas(engine, { tag: "schemaDatasource", files: schema, configDir: prismaFolder }, schemaTarget(schema));
    expect(difference).toBeNull();
  });

  it("of a newer version are refused", async () => {
    const newer = join(folder, "newer");
    await cp(join(prismaFolder, "migrations"), newer, { recursive: true });
    await mkdir(join(newer, "29990101000000_later"));
    await writeFile(join(newer, "29990101000000_later/migration.sql"), "CREATE TABLE later ();");
    await migrate(db.url, { folder: newer });
    const failure = migrate(db.url);
    await expect(failure).rejects.toThrow(DatabaseError);
    await expect(failure).rejects.toThrow(/newer version \(it has 29990101000000_later\); start that version/);
  });

  it("that were edited after they were applied are refused", async () => {
    await migrate(db.url, { folder: await migrationsOf("edited", { "20000101000000_one": "CREATE TABLE one ();" }) });
    const edited = await migrationsOf("edited", { "20000101000000_one": "CREATE TABLE one (id int);" });
    await expect(migrate(db.url, { folder: edited })).rejects.toThrow(/20000101000000_one was changed after .* put its file back/);
  });

  it("that fail leave nothing behind, and are tried again at the next start", async () => {
    const first = { "20000101000000_one": "CREATE TABLE one ();" };
    const broken = await migrationsOf("failing", {
      ...first,
      "20000102000000_two": "CREATE TABLE two ();\nINSERT INTO nowhere VALUES (';');",
    });
    await expect(migrate(db.url, { folder: broken })).rejects.toThrow(
      /^The migration 20000102000000_two failed and left nothing behind \(.*"nowhere" does not exist.*\); put that right, and start again\.$/,
    );
    expect(await tables()).toEqual(["one"]);
    const mended = await migrationsOf("failing", { ...first, "20000102000000_two": "CREATE TABLE two ();" });
    expect(await migrate(db.url, { folder: mended })).toEqual(["20000102000000_two"]);
    expect(await tables()).toEqual(["one", "two"]);
  });

  it("are recorded as applied by the transaction that applies them, so that a kill -9 falls before or after both", async () => {
    const { pool } = db.database;
    await migrate(db.url, { folder: await migrationsOf("killed", { "20000101000000_one": "CREATE TABLE one ();" }) });
    await pool.query("UPDATE _prisma_migrations SET finished_at = NULL");
    const adapter = await new MigrationAdapterFactory(pool).connect();
    await expect(adapter.executeScript("CREATE TABLE two (); SELECT nothing")).rejects.toThrow();
    expect((await pool.query("SELECT FROM _prisma_migrations WHERE finished_at IS NOT NULL")).rowCount).toBe(0);
    await adapter.executeScript("CREATE TABLE two ()");
    expect((await pool.query("SELECT FROM _prisma_migrations WHERE finished_at IS NOT NULL")).rowCount).toBe(1);
  });

  it("are not begun on a PostgreSQL older than 15", async () => {
    await db.database.pool.query(`CREATE FUNCTION current_setting(name text) RETURNS text LANGUAGE sql
      AS $$ SELECT CASE name WHEN 'server_version' THEN '14.9' ELSE '140009' END $$`);
    const older = new URL(db.url);
    older.searchParams.set("options", "-c search_path=public,pg_catalog");
    await expect(migrate(older.href)).rejects.toThrow(
      "The database runs on PostgreSQL 14.9; the gateway needs 15 or newer, so upgrade it.",
    );
    expect(await tables()).toEqual([]);
  });

  it("hold functions, strings with semicolons and dollar quotes", async () => {
    const sql = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'a;b'; END $$;\n-- the end; of it";
    await migrate(db.url, { folder: await migrationsOf("functions", { "20000101000000_f": sql }) });
    expect((await db.database.pool.query("SELECT f()")).rows).toEqual([{ f: "a;b" }]);
  });
});
