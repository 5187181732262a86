/** Every loader of every room: opened once for the process, handed out anew for each request. */
import type { Database } from "../database/database.ts";

export function openLoaders(_database: Database): () => Loaders {
  return () => ({});
}

export type Loaders = Readonly<Record<string, never>>;
