/** A command about users from its words to its exit code. */
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { inspect } from "node:util";
import { type CommandLine, runCommandLine } from "../command-line.ts";
import { readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { DatabaseError } from "../database/errors.ts";
import { openAudit } from "../domain/access/audit.ts";
import { openUsers } from "../domain/access/users.ts";
import { reachDatabase } from "../reach-database.ts";
import { readCommand, usage } from "./arguments.ts";
import { RefusedError, runCommand } from "./commands.ts";
import { PasswordError, readPassword } from "./read-password.ts";

/** The user of the machine; in a container it may have a number only. */
function localName(): string {
  try {
    return `local/${userInfo().username}`;
  } catch {
    return `local/${process.getuid?.() ?? "unknown"}`;
  }
}

async function run({ argv, env, input, output, errors }: CommandLine): Promise<string> {
  const command = readCommand(argv);
  if (command.name === "help") return usage;
  await using closing = new AsyncDisposableStack();
  const config = readConfig(env);
  const url = await reachDatabase(config, closing, { migrates: true });
  const database = closing.use(await openDatabase({ url, directUrl: config.databaseDirectUrl, poolSize: 2 }));
  const { rows } = await database.pool.query("SELECT to_regclass('user_account') AS users");
  if (rows[0]?.users === null)
    throw new DatabaseError("This database is empty: start the gateway on it once (npm start), which sets it up.");
  const log = { info() {}, warn: (details: object, message: string) => errors.write(`${message} ${inspect(details)}\n`) };
  const announce = () => {}; // gateways look each second, and at each event of a stream
  return await runCommand(command, {
    users: openUsers({ database, announce, log }, { tellRemoved: announce }),
    audit: openAudit({ pool: database.pool, announce, log }),
    rows: database.pool,
    by: { userId: randomUUID(), name: localName() }, // nobody of the database
    readPassword: () => readPassword(input, errors),
    forPeople: output.isTTY === true,
  });
}

export const runUsers = (line: CommandLine): Promise<number> => runCommandLine(line, run, [RefusedError, PasswordError]);
