/** Small helpers around processes that are not our children. */
import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

export const run = promisify(execFile);

/**
 * The processes of the server in this folder. PostgreSQL's all stand in their data folder; in a container even root may not see where
 * another user's process stands, but their titles begin with the cluster's name, and the first one's arguments name the folder.
 */
export async function serverProcesses(serverDir: string, cluster: string): Promise<number[]> {
  const folder = await realpath(serverDir).catch(() => serverDir);
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const belongs = async (pid: string) => {
    const standsIn = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (standsIn !== null) return standsIn === folder;
    // Empty for a zombie, which holds nothing any more.
    const title = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return title.startsWith(`postgres: ${cluster}: `) || title.includes(`\0-D\0${serverDir}\0`);
  };
  const found = await Promise.all(names.map(async (pid) => ((await belongs(pid)) ? Number(pid) : null)));
  return found.filter((pid) => pid !== null);
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
