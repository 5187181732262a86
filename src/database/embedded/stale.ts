/**
 * What an earlier server left behind. PostgreSQL survives a kill -9 of the gateway, and its lock files block the next start
 * whenever their pid lives, even as another program. The caller holds the instance lock, so no other gateway is at work here.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, DatabaseError } from "../errors.ts";
import { clusterOf } from "./folders.ts";
import { eventually, serverProcesses, signal } from "./processes.ts";

/** A fast shutdown ends with a checkpoint, which may take a while on a slow disk. */
const shutdownMs = 30_000;
/** Backends whose postmaster was killed end by themselves. */
const orphansMs = 3_000;

export async function clearStale(serverDir: string, socketDir: string): Promise<void> {
  const server = { folder: serverDir, left: () => serverProcesses(serverDir, clusterOf(socketDir)) };
  const found = await server.left();
  if (found.length > 0) await stopServer(server, found);
  await rm(join(serverDir, "postmaster.pid"), { force: true });
  await rm(join(socketDir, ".s.PGSQL.5432.lock"), { force: true });
  await rm(join(socketDir, ".s.PGSQL.5432"), { force: true });
}

interface Server {
  readonly folder: string;
  left(): Promise<number[]>;
}

async function stopServer({ folder, left }: Server, found: readonly number[]): Promise<void> {
  const none = async () => (await left()).length === 0;
  const postmaster = await postmasterPid(folder);
  const lives = postmaster !== null && found.includes(postmaster);
  if (lives) signal(postmaster, "SIGINT");
  if (await eventually(none, lives ? shutdownMs : orphansMs)) return;
  for (const pid of await left()) signal(pid, "SIGQUIT");
  if (await eventually(none, orphansMs)) return;
  throw new DatabaseError(
    `An earlier database server still uses ${folder} and does not end (process ${(await left()).join(", ")}); end it, then start again.`,
  );
}

async function postmasterPid(folder: string): Promise<number | null> {
  try {
    return Number.parseInt(await readFile(join(folder, "postmaster.pid"), "utf8"), 10);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
