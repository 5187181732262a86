/** npm run user -- add|list|remove|password|roles */
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { DatabaseError } from "../database/errors.ts";
import { openAudit } from "../domain/access/audit.ts";
import { openUsers } from "../domain/access/users.ts";
import { readCommand, UsageError, usage } from "./arguments.ts";
import { RefusedError, runCommand } from "./commands.ts";
import { reachDatabase } from "./reach-database.ts";
import { PasswordError, readPassword } from "./read-password.ts";

/** The user of the machine; in a container it may have a number only. */
function localName(): string {
  try {
    return `local/${userInfo().username}`;
  } catch {
    return `local/${process.getuid?.() ?? "unknown"}`;
  }
}

async function run(argv: readonly string[]): Promise<string> {
  const command = readCommand(argv);
  if (command.name === "help") return usage;
  await using closing = new AsyncDisposableStack();
  const config = readConfig();
  const url = await reachDatabase(config, closing);
  const database = closing.use(await openDatabase({ url, directUrl: config.databaseDirectUrl, poolSize: 2 }));
  const { rows } = await database.pool.query("SELECT to_regclass('user_account') AS users");
  if (rows[0]?.users === null)
    throw new DatabaseError("This database is empty: start the gateway on it once (npm start), which sets it up.");
  const log = { info() {}, warn: (details: object, message: string) => console.error(message, details) };
  const announce = () => {}; // gateways look each second, and at each event of a stream
  return await runCommand(command, {
    users: openUsers({ database, announce, log }, { tellRemoved: announce }),
    audit: openAudit({ pool: database.pool, announce, log }),
    rows: database.pool,
    by: { userId: randomUUID(), name: localName() }, // nobody of the database
    readPassword: () => readPassword(process.stdin, process.stderr),
    forPeople: process.stdout.isTTY,
  });
}

const known = [RefusedError, UsageError, PasswordError, ConfigError, DatabaseError];

try {
  console.log(await run(process.argv.slice(2)));
} catch (error) {
  console.error(known.some((kind) => error instanceof kind) && error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}
