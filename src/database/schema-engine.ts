/** Prisma's schema engine as WebAssembly: nothing is downloaded, no process is started. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import type {
  DiagnoseMigrationHistoryOutput,
  DiffTarget,
  HistoryDiagnostic,
  MigrationList,
  SchemaEngine,
  SchemaFilter,
} from "@prisma/schema-engine-wasm/schema_engine_bg";
import { offlineAdapterFactory } from "./offline-adapter.ts";
import type { Migration, SchemaFile } from "./schema-files.ts";

export type { HistoryDiagnostic };

const noFilter: SchemaFilter = { externalTables: [], externalEnums: [] };

export async function openEngine(database: SqlMigrationAwareDriverAdapterFactory): Promise<SchemaEngine> {
  engineClass ??= loadEngine();
  return (await engineClass).new({ datamodels: undefined }, () => {}, bindMigrationAwareSqlAdapterFactory(database));
}

let engineClass: Promise<typeof SchemaEngine> | undefined;

/** By hand: the package's own entry imports the WebAssembly as a module, for which Node prints a warning at each start. */
async function loadEngine(): Promise<typeof SchemaEngine> {
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const entry = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm");
  const binary = await readFile(entry.replace(/\.js$/, "_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(binary, { "./schema_engine_bg.js": { ...glue, ...unheldTimers(glue) } });
  if (!("__wbg_set_wasm" in glue) || typeof glue.__wbg_set_wasm !== "function")
    throw new Error("This schema engine is of an unknown make.");
  glue.__wbg_set_wasm(instance.exports);
  const { __wbindgen_start: start } = instance.exports;
  if (typeof start === "function") start();
  return glue.SchemaEngine;
}

/** How long the engine waits for its lock is a timer that it never clears: a command that is done would stay for it. */
function unheldTimers(glue: object): Record<string, (done: () => void, milliseconds: number) => NodeJS.Timeout> {
  const names = Object.keys(glue).filter((name) => name.startsWith("__wbg_setTimeout_"));
  return Object.fromEntries(names.map((name) => [name, (done, milliseconds) => setTimeout(done, milliseconds).unref()]));
}

export const schemaTarget = (schema: readonly SchemaFile[]): DiffTarget => ({ tag: "schemaDatamodel", files: [...schema] });

/** The SQL that leads from one schema to another; null when they are the same. */
export async function diffSchemas(engine: SchemaEngine, from: DiffTarget, to: DiffTarget): Promise<string | null> {
  const { exitCode, stdout } = await engine.diff({ from, to, script: true, exitCode: true, filters: noFilter });
  return exitCode === 0 ? null : stdout;
}

/** Compares two states of the schema without a database. `from` null is an empty database. */
export async function diffOffline(from: readonly SchemaFile[] | null, to: readonly SchemaFile[]): Promise<string | null> {
  const engine = await openEngine(offlineAdapterFactory);
  return diffSchemas(engine, from === null ? { tag: "empty" } : schemaTarget(from), schemaTarget(to));
}

/** How the database's history stands to the migrations at hand. */
export function diagnose(engine: SchemaEngine, migrationsList: MigrationList): Promise<DiagnoseMigrationHistoryOutput> {
  return engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: noFilter });
}

export async function applyMigrations(engine: SchemaEngine, migrationsList: MigrationList): Promise<string[]> {
  return (await engine.applyMigrations({ migrationsList, filters: noFilter })).appliedMigrationNames;
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
