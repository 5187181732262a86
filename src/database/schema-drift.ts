/** Whether prisma/schema says more than the migrations: compared with the copy that stands beside the newest one. */
import { join } from "node:path";
import { diffOffline } from "./schema-engine.ts";
import { prismaFolder, readMigrations, readSchema, schemaCopyFolder } from "./schema-files.ts";

/** The SQL that the migrations lack; null when they are complete. `folder` holds schema/ and migrations/. */
export async function schemaDrift(folder: string = prismaFolder): Promise<string | null> {
  const migrations = join(folder, "migrations");
  const newest = (await readMigrations(migrations)).at(-1);
  const before = newest === undefined ? null : await readSchema(schemaCopyFolder(migrations, newest.name));
  return diffOffline(before, await readSchema(join(folder, "schema")));
}
