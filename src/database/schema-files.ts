/** Reads the schema and the migrations as the schema engine wants them. Paths are relative to the checkout, not to where it was started. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { codeOf } from "./errors.ts";

export const prismaFolder = resolve(import.meta.dirname, "../../prisma");

/** One file of a schema; `path` is its name within the folder. */
export interface SchemaFile {
  readonly path: string;
  readonly content: string;
}

export interface Migration {
  /** The folder's name: time and purpose. */
  readonly name: string;
  readonly sql: string;
}

/** The schema's files, by name. */
export async function readSchema(folder: string): Promise<SchemaFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".prisma")).sort();
  return Promise.all(names.map(async (path) => ({ path, content: await readFile(join(folder, path), "utf8") })));
}

/** The migrations, oldest first: the folders that begin with a time. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const names = entries.filter((entry) => entry.isDirectory() && /^\d{14}_/.test(entry.name)).map((entry) => entry.name);
  return Promise.all(names.sort().map(async (name) => ({ name, sql: await readFile(join(folder, name, "migration.sql"), "utf8") })));
}

/** Where the copy of the schema that a migration leads to is kept: the offline check for drift compares with it. */
export function schemaCopyFolder(migrationsFolder: string, migrationName: string): string {
  return join(migrationsFolder, migrationName, "schema");
}
