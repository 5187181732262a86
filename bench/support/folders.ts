/** Where things lie, and where temporary ones may. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onInterrupt } from "./interrupt.ts";

export const benchFolder = resolve(import.meta.dirname, "..");
export const productFolder = resolve(benchFolder, "..");

/** On the disk, not in memory: what is written has to get there. */
export function temporaryFolder(): { readonly path: string } & AsyncDisposable {
  const path = mkdtempSync(join(tmpdir(), "dr-bench-")); // at once, so that no interrupt comes between making and noting it
  const remove = () => rm(path, { recursive: true, force: true });
  const forget = onInterrupt(remove);
  return { path, [Symbol.asyncDispose]: () => remove().finally(forget) };
}
