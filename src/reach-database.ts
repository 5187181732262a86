/** The database that the gateway uses: the configured one, or the embedded one of the data folder, whether a gateway runs or not. */
import type { Config } from "./config.ts";
import { makeDataDir } from "./database/embedded/folders.ts";
import { runningEmbeddedUrl, startEmbedded } from "./database/embedded.ts";
import { DatabaseError } from "./database/errors.ts";
import { type InstanceLock, lockInstance } from "./database/instance-lock.ts";
import { migrate } from "./database/migrations.ts";

export interface ReachOptions {
  /** An embedded database whose gateway does not run is brought to this release. */
  readonly migrates: boolean;
}

/** Answers its URL. What had to be started for it ends with `closing`. */
export async function reachDatabase(config: Config, closing: AsyncDisposableStack, { migrates }: ReachOptions): Promise<string> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  const lock = await lockInstance(config).catch((error: unknown) => runningInstead(config.instance, error));
  if (typeof lock === "string") return lock;
  closing.use(lock);
  await makeDataDir(config.dataDir);
  const { url } = closing.use(await startEmbedded(config));
  if (migrates) await migrate(url);
  return url;
}

/** A gateway holds the lock, and its server is up or will be soon. */
async function runningInstead(instance: string, error: unknown): Promise<string | InstanceLock> {
  const url = error instanceof DatabaseError ? await runningEmbeddedUrl(instance) : null;
  if (url === null) throw error;
  return url;
}
