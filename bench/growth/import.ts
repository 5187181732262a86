/** `npm run import` of a large file, as a process of its own: looking only, writing, and again when nothing has changed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { productFolder, temporaryFolder } from "../support/folders.ts";
import { peakMemoryMib } from "../support/proc.ts";
import { stopOnInterrupt } from "../support/process.ts";
import { startBenchServer } from "../support/server.ts";
import { writeImportFile } from "./import-file.ts";

export interface ImportTime {
  readonly what: string;
  readonly seconds: number;
  readonly peakMib: number;
}

export async function importTimes(vms: number): Promise<readonly ImportTime[]> {
  await using server = await startBenchServer();
  await using folder = temporaryFolder();
  const path = join(folder.path, "import.yaml");
  await writeImportFile(path, vms);
  const times: ImportTime[] = [];
  for (const [what, ...options] of [["looking only", "--dry-run"], ["writing"], ["again, unchanged"]] as const) {
    times.push({ what, ...(await importOnce([path, ...options], { DATABASE_URL: server.url, DATA_DIR: folder.path })) });
  }
  return times;
}

async function importOnce(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Omit<ImportTime, "what">> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", "./src/prepare.js", "src/import/main.ts", ...args], {
    cwd: productFolder,
    env: { PATH: process.env.PATH ?? "", ...env, MAX_PLANS_PER_SITE: "100000" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  stopOnInterrupt(child);
  let peakMib = 0;
  const looking = setInterval(() => {
    try {
      peakMib = Math.max(peakMib, peakMemoryMib(child.pid ?? 0));
    } catch {
      // It has ended just now.
    }
  }, 50);
  const [code] = await once(child, "exit");
  clearInterval(looking);
  if (code !== 0) throw new Error(`The import ended with ${code}.`);
  return { seconds: (performance.now() - started) / 1000, peakMib };
}
