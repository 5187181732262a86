/** Whether this release can tell if the database is whole. It is taken as it is: bringing it to this release would write to it. */
import { join } from "node:path";
import type pg from "pg";
import { DatabaseError } from "../database/errors.ts";
import { prismaFolder, readMigrations } from "../database/schema-files.ts";

/** Rejects with a DatabaseError for a database of an older release, which has no chains, and for one of a newer release. */
export async function checkRelease(pool: Pick<pg.Pool, "query">): Promise<void> {
  const { rows } = await pool.query<{ links: string | null; migrations: string | null }>(
    "SELECT to_regclass('audit_link') AS links, to_regclass('_prisma_migrations') AS migrations",
  );
  const [there] = rows;
  if (there === undefined || there.links === null || there.migrations === null)
    throw new DatabaseError("This database has no chains yet: start the gateway of this release on it once (npm start), which makes them.");
  const known = new Set((await readMigrations(join(prismaFolder, "migrations"))).map(({ name }) => name));
  const { rows: applied } = await pool.query<{ name: string }>(
    "SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name",
  );
  const unknown = applied.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new DatabaseError(`The database is of a newer release (it has ${unknown.join(", ")}): verify it with that release.`);
}
