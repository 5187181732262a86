/** npm run verify -- --recovery ID | --audit | --changes | --all */
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { DatabaseError } from "../database/errors.ts";
import { reachDatabase } from "../users/reach-database.ts";
import { readCommand, UsageError, usage } from "./arguments.ts";
import { verify } from "./verify.ts";

/** Answers the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  const command = readCommand(argv);
  if (command.name === "help") {
    console.log(usage);
    return 0;
  }
  await using closing = new AsyncDisposableStack();
  const config = readConfig();
  const url = await reachDatabase(config, closing);
  const { pool } = closing.use(await openDatabase({ url, directUrl: config.databaseDirectUrl, poolSize: 1 }));
  const { rows } = await pool.query("SELECT to_regclass('audit_link') AS links");
  if (rows[0]?.links === null)
    throw new DatabaseError("This database has no chains yet: start the gateway of this release on it once (npm start), which makes them.");
  return (await verify(pool, command.what, command.head, (line) => console.log(line))) ? 0 : 1;
}

const known = [UsageError, ConfigError, DatabaseError];

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(known.some((kind) => error instanceof kind) && error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}
