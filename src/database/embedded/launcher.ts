/**
 * How PostgreSQL is started. It refuses to run as root, so root starts it as nobody, who then has to reach binaries and data:
 * by plain permissions, else by a capability, else in a user namespace, else from a copy of the binaries.
 */
import { cp, lstat, realpath, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseError } from "../errors.ts";
import { type Binaries, binariesIn } from "./binaries.ts";
import { run } from "./processes.ts";

/** Debian's nobody. */
const nobody = 65_534;

export interface Launcher {
  readonly binaries: Binaries;
  /** Stands before the program and its arguments; empty: the program itself is started. */
  readonly prefix: readonly string[];
  /** The user to start it as, when that is not the prefix's job. */
  readonly uid: number | null;
  /** Whom its files have to belong to; null: the user of this process. */
  readonly owner: number | null;
}

export async function chooseLauncher(binaries: Binaries, dataDir: string): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { binaries, prefix: [], uid: null, owner: null };
  const dataReachable = await reachable(dataDir);
  if (dataReachable && (await reachable(dirname(binaries.postgres)))) return { binaries, prefix: [], uid: nobody, owner: nobody };
  if (await works(withCapability, binaries)) return { binaries, prefix: withCapability, uid: null, owner: nobody };
  if (await works(inNamespace, binaries)) return { binaries, prefix: inNamespace, uid: null, owner: null };
  if (dataReachable) return { binaries: await readableCopy(binaries), prefix: [], uid: nobody, owner: nobody };
  throw new DatabaseError(
    `PostgreSQL does not run as root, and another user can't enter ${dataDir}; start the gateway as another user, ` +
      "move the checkout or DATA_DIR to a folder that others can enter, or set DATABASE_URL.",
  );
}

/** Nobody, with the right to enter and read any folder; only what belongs to nobody can be written. */
const withCapability = [
  "setpriv",
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  "--clear-groups",
  "--inh-caps=+dac_read_search",
  "--ambient-caps=+dac_read_search",
  "--securebits=+no_setuid_fixup",
];

/** Root outside, nobody inside: files stay root's. Many containers refuse it. */
const inNamespace = ["unshare", "--user", `--map-user=${nobody}`, `--map-group=${nobody}`];

async function works(prefix: readonly string[], { postgres }: Binaries): Promise<boolean> {
  const [program = "", ...options] = prefix;
  return run(program, [...options, postgres, "--version"]).then(
    () => true,
    () => false,
  );
}

/** Whether nobody can enter the folder by plain permissions. */
async function reachable(path: string): Promise<boolean> {
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    const { mode, uid } = await lstat(folder);
    if ((mode & (uid === nobody ? 0o100 : 0o001)) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** 60 MB, once: a copy that was broken off has another name. */
async function readableCopy(binaries: Binaries): Promise<Binaries> {
  const target = join(tmpdir(), "dr-gateway-postgresql-18.4");
  const owner = await lstat(target).then(
    ({ uid }) => uid,
    () => null,
  );
  if (owner === 0) return binariesIn(target);
  if (owner !== null) throw new DatabaseError(`${target} belongs to somebody else; remove it, or set DATABASE_URL.`);
  const unfinished = `${target}.${process.pid}`;
  await cp(binaries.folder, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, target).catch(() => rm(unfinished, { recursive: true }));
  return binariesIn(target);
}
