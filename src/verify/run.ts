/** The command: each chain is told of as soon as it is known, and the exit code says whether all are whole. */
import { access } from "node:fs/promises";
import { type CommandLine, runCommandLine } from "../command-line.ts";
import { type Config, readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { serverDirOf } from "../database/embedded/folders.ts";
import { DatabaseError } from "../database/errors.ts";
import { reachDatabase } from "../reach-database.ts";
import { readCommand, usage } from "./arguments.ts";
import { checkRelease } from "./check-release.ts";
import { verify } from "./verify.ts";

/** What was verified is not whole, or not there. */
class NotWhole extends Error {}

export const runVerify = (line: CommandLine): Promise<number> => runCommandLine(line, run, [NotWhole]);

/** An embedded database that would only be made now has nothing to prove. */
async function checkDatabase({ databaseUrl, dataDir }: Config): Promise<void> {
  const isThere =
    databaseUrl !== null ||
    (await access(serverDirOf(dataDir)).then(
      () => true,
      () => false,
    ));
  if (!isThere) throw new DatabaseError(`There is no database in ${dataDir}: set DATABASE_URL or DATA_DIR as the gateway has them.`);
}

async function run({ argv, env, output }: CommandLine): Promise<string> {
  const command = readCommand(argv);
  if (command.name === "help") return usage;
  await using closing = new AsyncDisposableStack();
  const config = readConfig(env);
  await checkDatabase(config);
  const url = await reachDatabase(config, closing, { migrates: false });
  const { pool } = closing.use(await openDatabase({ url, directUrl: config.databaseDirectUrl, poolSize: 1, answersInTime: false }));
  await checkRelease(pool);
  const { chains, broken } = await verify(pool, command.what, command.head, (text) => void output.write(`${text}\n`));
  if (broken > 0) throw new NotWhole(chains === 1 ? "It is not proved to be whole." : `${broken} of ${chains} chains are not whole.`);
  return chains === 1 ? "Nothing was changed, left out or put in." : `Nothing was changed, left out or put in, in ${chains} chains.`;
}
