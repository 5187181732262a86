/** Small helpers around processes that are not our children. */
import { execFile } from "node:child_process";
import { readdir, readlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

export const run = promisify(execFile);

/** Processes whose working folder this is. PostgreSQL's processes all stand in their data folder; zombies stand nowhere. */
export async function processesIn(folder: string): Promise<number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map(async (name) => ((await workingFolder(name)) === folder ? Number(name) : null)));
  return found.filter((pid) => pid !== null);
}

/** Null: gone, a zombie, or another user's. */
async function workingFolder(pid: string): Promise<string | null> {
  return readlink(`/proc/${pid}/cwd`).catch(() => null);
}

/** Signals a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, which is what was wanted.
  }
}

/** Asks every 10 ms until it holds; false when the time is over. For what tells nobody when it happens. */
export async function eventually(holds: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await delay(10);
  }
  return true;
}
