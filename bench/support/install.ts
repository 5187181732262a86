/** The peers have a package.json of their own: they are installed when they are needed, and again when their lock file has changed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchFolder } from "./folders.ts";

const mark = join(benchFolder, "node_modules", ".installed-lock");

export async function installPeers(): Promise<void> {
  const lock = await readFile(join(benchFolder, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).digest("hex");
  const installed = await readFile(mark, "utf8").catch(() => "");
  if (installed === wanted) return;
  process.stderr.write("The peers are installed in bench/node_modules, once.\n");
  const npm = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: benchFolder,
    stdio: "inherit",
  });
  const [code]: unknown[] = await once(npm, "exit");
  if (code !== 0) throw new Error("The peers could not be installed: npm ci failed in bench/.");
  await writeFile(mark, wanted);
}
