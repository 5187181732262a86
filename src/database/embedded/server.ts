/** One PostgreSQL process: making its data folder, starting it, waiting until it answers, stopping it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import pg from "pg";
import { codeOf, DatabaseError, messageOf } from "../errors.ts";
import { clusterOf } from "./folders.ts";
import type { Launcher } from "./launcher.ts";
import { eventually, run } from "./processes.ts";

/** After a crash the server may have to read a lot of its log first. */
const startMs = 60_000;
const stopMs = 15_000;
const largestLogBytes = 10 * 1024 * 1024;

/** Small: it serves one machine. `io_method=sync` saves its worker processes. */
const settings = [
  "listen_addresses=",
  "unix_socket_permissions=0700",
  "max_connections=200",
  "shared_buffers=64MB",
  "max_wal_size=256MB",
  "max_worker_processes=0",
  "io_method=sync",
  "timezone=UTC",
  "log_timezone=UTC",
];

/** Makes the data folder under another name first, so that one that was broken off is never taken for a whole one. */
export async function initialise(launcher: Launcher, serverDir: string): Promise<void> {
  const unfinished = `${serverDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (launcher.owner !== null) await chown(unfinished, launcher.owner, launcher.owner);
  const options = ["-U", "dr", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
  const [program, ...args] = [...launcher.prefix, launcher.binaries.initdb, "-D", unfinished, ...options];
  try {
    await run(program ?? "", args, { cwd: "/", ...user(launcher) });
  } catch (error) {
    throw new DatabaseError(`The database could not be made in ${serverDir}: ${messageOf(error).trim()}`);
  }
  await rename(unfinished, serverDir);
}

export interface ServerProcess {
  readonly pid: number;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** `extra` are settings of the caller, such as fsync=off for tests. */
export async function startServer(
  launcher: Launcher,
  { serverDir, socketDir, logFile, extra }: { serverDir: string; socketDir: string; logFile: string; extra: readonly string[] },
): Promise<ServerProcess> {
  const options = [...settings, `cluster_name=${clusterOf(socketDir)}`, ...extra].flatMap((setting) => ["-c", setting]);
  const [program, ...args] = [...launcher.prefix, launcher.binaries.postgres, "-D", serverDir, "-k", socketDir, ...options];
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  const log = await open(logFile, size > largestLogBytes ? "w" : "a", 0o600);
  try {
    await chmod(serverDir, 0o700);
    // Its own session: Ctrl-C in the terminal is the gateway's alone, which stops it last.
    const child = spawn(program ?? "", args, { cwd: "/", detached: true, stdio: ["ignore", log.fd, log.fd], ...user(launcher) });
    const ended = once(child, "exit").then(() => {});
    const failed = ended.then(async () => {
      throw new DatabaseError(`PostgreSQL ended while it started: ${await lastLine(logFile)} (more in ${logFile}).`);
    });
    child.unref();
    try {
      await Promise.race([failed, ready(child, socketDir)]);
      if (hasEnded(child)) await failed;
    } catch (error) {
      await stop(child);
      throw error;
    }
    failed.catch(() => {});
    ended.catch(() => {});
    return { pid: child.pid ?? 0, ended, stop: () => stop(child) };
  } finally {
    await log.close();
  }
}

const user = ({ uid }: Launcher) => (uid === null ? {} : { uid, gid: uid });

async function ready(child: ChildProcess, socketDir: string): Promise<void> {
  const answered = await eventually(async () => hasEnded(child) || (await answers(socketDir)), startMs);
  if (!answered) throw new DatabaseError(`PostgreSQL did not answer within ${startMs / 1000} s; its log is in the data folder.`);
}

async function answers(socketDir: string): Promise<boolean> {
  const client = new pg.Client({ host: socketDir, user: "dr", database: "postgres" });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    // No socket yet, nobody listening yet, or still starting up.
    if (["ENOENT", "ECONNREFUSED", "57P03"].includes(codeOf(error) ?? "")) return false;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Also when it never began. */
const hasEnded = (child: ChildProcess) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** SIGINT ends the sessions; SIGTERM would wait for them. */
async function stop(child: ChildProcess): Promise<void> {
  for (const name of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (hasEnded(child)) return;
    child.ref();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(stopMs) });
    child.kill(name);
    await ended.catch(() => {});
  }
}

async function lastLine(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, "utf8")).trim().split("\n");
  return lines.findLast((line) => line.includes("FATAL:") || line.includes("PANIC:")) ?? lines.at(-1) ?? "its log is empty";
}
