/**
 * What an earlier server left behind. PostgreSQL survives a kill -9 of the gateway, and its lock files block the next start
 * whenever their pid lives, even as another program. The caller holds the instance lock, so no other gateway is at work here.
 */
import { readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, DatabaseError } from "../errors.ts";
import { eventually, processesIn, signal } from "./processes.ts";

/** A fast shutdown ends with a checkpoint, which may take a while on a slow disk. */
const shutdownMs = 30_000;
/** Backends whose postmaster was killed end by themselves. */
const orphansMs = 3_000;

export async function clearStale(serverDir: string, socketDir: string): Promise<void> {
  const folder = await realpath(serverDir);
  const left = await processesIn(folder);
  if (left.length > 0) await stopServers(folder, left);
  await rm(join(folder, "postmaster.pid"), { force: true });
  await rm(join(socketDir, ".s.PGSQL.5432.lock"), { force: true });
  await rm(join(socketDir, ".s.PGSQL.5432"), { force: true });
}

async function stopServers(folder: string, left: readonly number[]): Promise<void> {
  const none = async () => (await processesIn(folder)).length === 0;
  const postmaster = await postmasterPid(folder);
  const lives = postmaster !== null && left.includes(postmaster);
  if (lives) signal(postmaster, "SIGINT");
  if (await eventually(none, lives ? shutdownMs : orphansMs)) return;
  for (const pid of await processesIn(folder)) signal(pid, "SIGQUIT");
  if (await eventually(none, orphansMs)) return;
  const pids = (await processesIn(folder)).join(", ");
  throw new DatabaseError(`An earlier database server still uses ${folder} and does not end (process ${pids}); end it, then start again.`);
}

async function postmasterPid(folder: string): Promise<number | null> {
  try {
    return Number.parseInt(await readFile(join(folder, "postmaster.pid"), "utf8"), 10);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
