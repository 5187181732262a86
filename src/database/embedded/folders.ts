/** The folders of the embedded server: its data, its socket, its log. */
import { access, chown, constants, lchown, lstat, mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { codeOf, DatabaseError, messageOf } from "../errors.ts";

/** A socket's whole path may have 107 bytes; this is PostgreSQL's name for it in its folder. */
const socketName = "/.s.PGSQL.5432.lock";
const longestSocketPath = 107;

/** Others may pass through, so that the server's user reaches its own folder inside; they can't list it. */
export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o711 });
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(dataDir, error);
  }
}

export function unwritable(dataDir: string, error: unknown): DatabaseError {
  const why = { EACCES: "permission denied", EROFS: "read-only", ENOSPC: "the disk is full", ENOTDIR: "a file is in its way" };
  const code = codeOf(error) ?? "";
  const reason = Object.entries(why).find(([key]) => key === code)?.[1] ?? messageOf(error);
  return new DatabaseError(
    `The data folder ${dataDir} can't be written (${reason}); make it writable, or set DATA_DIR to a folder that is.`,
  );
}

export function socketDirOf(instance: string): string {
  const name = `dr-gateway-${instance}`;
  const wanted = join(tmpdir(), name);
  return Buffer.byteLength(wanted + socketName) <= longestSocketPath ? wanted : join("/tmp", name);
}

/** A short folder of our own: the data folder's path may be too long for a socket. */
export async function makeSocketDir(instance: string, owner: number | null): Promise<string> {
  const folder = socketDirOf(instance);
  const user = owner ?? process.getuid?.() ?? 0;
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST")
      throw new DatabaseError(`The database's socket needs the folder ${folder}, which can't be made (${messageOf(error)}).`);
  });
  const found = await lstat(folder);
  const ours = found.isDirectory() && (found.uid === user || found.uid === process.getuid?.()) && (found.mode & 0o077) === 0;
  if (!ours) throw new DatabaseError(`The database's socket needs the folder ${folder}, which belongs to somebody else; remove it.`);
  if (found.uid !== user) await chown(folder, user, user);
  return folder;
}

/** Where the server keeps its data; it is there once one has been made. */
export const serverDirOf = (dataDir: string): string => join(dataDir, "postgresql");

/** What the server's processes are called by: the same for the same data folder. */
export const clusterOf = (socketDir: string) => basename(socketDir);

/** Gives a folder and what is in it to the server's user; quick when it has it already. */
export async function give(folder: string, owner: number | null): Promise<void> {
  const user = owner ?? process.getuid?.() ?? 0;
  if ((await lstat(folder)).uid === user) return;
  const inside = await readdir(folder, { recursive: true });
  await Promise.all(inside.map((path) => lchown(join(folder, path), user, user)));
  await chown(folder, user, user);
}
