/** Where things lie, and where temporary ones may. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const benchFolder = resolve(import.meta.dirname, "..");
export const productFolder = resolve(benchFolder, "..");

/** On the disk, not in memory: what is written has to get there. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "dr-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
