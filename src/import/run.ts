/** An import from the words of the command to its exit code. */
import { parseArgs } from "node:util";
import { type CommandLine, runCommandLine, UsageError } from "../command-line.ts";
import { readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { runningEmbeddedUrl } from "../database/embedded.ts";
import { DatabaseError } from "../database/errors.ts";
import { openLab } from "../providers/lab/lab.ts";
import { importFile } from "./import-file.ts";
import { ImportError } from "./problem.ts";

const usage = `Usage: npm run import -- FILE [--dry-run]

Brings sites, inventory, groups, plans and settings to what FILE (YAML or JSON) says.
  --dry-run   only print what would be created and changed`;

function readArguments(argv: readonly string[]): { path: string; dryRun: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { "dry-run": { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path !== undefined && more.length === 0) return { path, dryRun: values["dry-run"] };
  } catch {
    // An option that there is not: the usage says which there are.
  }
  throw new UsageError(usage);
}

async function run({ argv, env }: CommandLine): Promise<string> {
  const { path, dryRun } = readArguments(argv);
  const config = readConfig(env);
  const url = config.databaseUrl ?? (await runningEmbeddedUrl(config.instance));
  if (url === null) {
    throw new DatabaseError("No database runs on this data folder: start the gateway first (npm start), or set DATABASE_URL.");
  }
  await using closing = new AsyncDisposableStack();
  const database = closing.use(await openDatabase({ url, poolSize: 2 }));
  const lab = dryRun ? null : closing.use(await openLab({ url: config.labDatabaseUrl ?? url, guestServices: false }));
  const { text, changes } = await importFile({ database, lab, quotas: config.quotas, path, dryRun });
  return changes.length === 0 ? text : `${text}\n${dryRun ? "nothing was written (--dry-run)" : "imported"}`;
}

export const runImport = (line: CommandLine): Promise<number> => runCommandLine(line, run, [ImportError]);
