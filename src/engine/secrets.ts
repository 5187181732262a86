/** Secrets are files in one folder, named by their id, read when used; nothing keeps, logs or shows what is in them. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { PermanentCommandError } from "./commands/command.ts";

const largestSecretBytes = 65_536;

/** A secret that can't be had. The message names the id, never what is in the file. */
export class SecretError extends PermanentCommandError {
  override readonly name = "SecretError";
}

export async function readSecret(secretsDir: string, id: string): Promise<string> {
  if (!isSecretId(id)) throw new SecretError("A secret's id is the plain name of a file in SECRETS_DIR.");
  const missing = () => {
    throw new SecretError(`There is no secret ${JSON.stringify(id)} in SECRETS_DIR, or it can't be read.`);
  };
  const folder = await realpath(secretsDir).catch(missing);
  const path = await realpath(join(folder, id)).catch(missing);
  if (!path.startsWith(folder + sep)) throw new SecretError(`The secret ${JSON.stringify(id)} leads out of SECRETS_DIR.`);
  const file = await stat(path).catch(missing);
  if (!file.isFile()) return missing();
  if (file.size > largestSecretBytes) throw new SecretError(`The secret ${JSON.stringify(id)} is larger than 64 KiB.`);
  const text = await readFile(path, "utf8").catch(missing);
  return text.replace(/\r?\n$/, "");
}

/** All secrets there are, for `redact`: a script may print one that it was not given. An id that can't be read is left out. */
export async function knownSecrets(secretsDir: string): Promise<string[]> {
  const names = await readdir(secretsDir).catch(() => []);
  const read = names.filter(isSecretId).map((id) => readSecret(secretsDir, id).catch(() => ""));
  return (await Promise.all(read)).filter((secret) => secret !== "");
}

/** No separators and no leading dot: neither another folder nor a hidden file. */
const isSecretId = (id: string): boolean => id.length <= 255 && /^[^./\\\0][^/\\\0]*$/.test(id);
