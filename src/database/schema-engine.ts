/** Prisma's schema engine as WebAssembly: nothing is downloaded, no process is started. */
import { bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import type { DiffTarget, MigrationList, SchemaEngine, SchemaFilter } from "@prisma/schema-engine-wasm";
import { offlineAdapterFactory } from "./offline-adapter.ts";
import type { Migration, SchemaFile } from "./schema-files.ts";

export const noFilter: SchemaFilter = { externalTables: [], externalEnums: [] };

export async function openEngine(database: SqlMigrationAwareDriverAdapterFactory, schema: readonly SchemaFile[]): Promise<SchemaEngine> {
  const { SchemaEngine: Engine } = await import("@prisma/schema-engine-wasm");
  const datamodels = schema.map((file): [string, string] => [file.path, file.content]);
  return Engine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(database));
}

export const schemaTarget = (schema: readonly SchemaFile[]): DiffTarget => ({ tag: "schemaDatamodel", files: [...schema] });

/** The SQL that leads from one schema to another; null when they are the same. */
export async function diffSchemas(engine: SchemaEngine, from: DiffTarget, to: DiffTarget): Promise<string | null> {
  const { exitCode, stdout } = await engine.diff({ from, to, script: true, exitCode: true, filters: noFilter });
  return exitCode === 0 ? null : stdout;
}

/** Compares two states of the schema without a database. `from` null is an empty database. */
export async function diffOffline(from: readonly SchemaFile[] | null, to: readonly SchemaFile[]): Promise<string | null> {
  const engine = await openEngine(offlineAdapterFactory, to);
  return diffSchemas(engine, from === null ? { tag: "empty" } : schemaTarget(from), schemaTarget(to));
}

export function migrationList(folder: string, migrations: readonly Migration[]): MigrationList {
  return {
    baseDir: folder,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok", value: sql } },
    })),
  };
}
