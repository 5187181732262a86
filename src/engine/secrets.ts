/** Secrets are files in one folder, named by their id, read when used; nothing keeps, logs or shows what is in them. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { PermanentCommandError } from "./commands/command.ts";

const largestSecretBytes = 65_536;

/** A secret that can't be had. The message names the id, never what is in the file. */
export class SecretError extends PermanentCommandError {
  override readonly name = "SecretError";
}

const missing = (id: string) => () => {
  throw new SecretError(`There is no secret ${JSON.stringify(id)} in SECRETS_DIR, or it can't be read.`);
};

/** The path of a secret that there is. */
async function secretFile(secretsDir: string, id: string): Promise<string> {
  if (!isSecretId(id)) throw new SecretError("A secret's id is the plain name of a file in SECRETS_DIR.");
  const folder = await realpath(secretsDir).catch(missing(id));
  const path = await realpath(join(folder, id)).catch(missing(id));
  if (!path.startsWith(folder + sep)) throw new SecretError(`The secret ${JSON.stringify(id)} leads out of SECRETS_DIR.`);
  const file = await stat(path).catch(missing(id));
  if (!file.isFile()) return missing(id)();
  if (file.size > largestSecretBytes) throw new SecretError(`The secret ${JSON.stringify(id)} is larger than 64 KiB.`);
  return path;
}

export async function readSecret(secretsDir: string, id: string): Promise<string> {
  const text = await readFile(await secretFile(secretsDir, id), "utf8").catch(missing(id));
  return text.replace(/\r?\n$/, "");
}

/** Ids of the secrets that there are, in the alphabet's order; nothing is read. None without the folder. */
export async function secretIds(secretsDir: string): Promise<string[]> {
  const names = await readdir(secretsDir).catch(() => []);
  const there = (id: string) =>
    secretFile(secretsDir, id).then(
      () => [id],
      () => [],
    );
  return (await Promise.all(names.filter(isSecretId).sort().map(there))).flat();
}

/** All secrets there are, for `redact`: a script may print one that it was not given. An id that can't be read is left out. */
export async function knownSecrets(secretsDir: string): Promise<string[]> {
  const names = await readdir(secretsDir).catch(() => []);
  const read = names.filter(isSecretId).map((id) => readSecret(secretsDir, id).catch(() => ""));
  return (await Promise.all(read)).filter((secret) => secret !== "");
}

/** No separators and no leading dot: neither another folder nor a hidden file. */
const isSecretId = (id: string): boolean => id.length <= 255 && /^[^./\\\0][^/\\\0]*$/.test(id);
