/** A database without users gets one who may do everything, from the environment or with a made password in a file. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { v7 } from "uuid";
import { roles } from "../viewer.ts";
import { hashPassword, makePassword } from "./password.ts";

export interface FirstAdministrator {
  /** Null: there were users already. */
  readonly created: string | null;
  /** Where user and made password stand, if this call wrote them. */
  readonly file: string | null;
}

export interface FirstAdministratorOptions {
  readonly adminUser: string;
  readonly adminPassword: string | null;
  readonly dataDir: string;
}

export const firstSignInFile = (dataDir: string) => join(dataDir, "first-sign-in.txt");

/** Safe with several nodes at once: one creates, the others find. The file is there before the user is. */
export async function ensureFirstAdministrator(
  pool: Pick<pg.Pool, "connect">,
  options: FirstAdministratorOptions,
): Promise<FirstAdministrator> {
  const client = await pool.connect();
  const lost = () => {}; // a broken connection also fails the statement under way; without a listener it would end the process
  client.on("error", lost);
  let file: string | null = null;
  try {
    await client.query("BEGIN");
    await client.query("LOCK TABLE user_account IN SHARE ROW EXCLUSIVE MODE");
    const { rowCount } = await client.query("SELECT FROM user_account LIMIT 1");
    if (rowCount !== 0) return { created: null, file: null };
    const password = options.adminPassword ?? makePassword();
    const values = [v7(), options.adminUser, await hashPassword(password), [...roles]];
    await client.query(
      `INSERT INTO user_account (id, name, password_hash, roles, created_at) VALUES ($1, $2, $3, $4::text[]::"Role"[], dr_now())`,
      values,
    );
    if (!options.adminPassword) file = await writePassword(options, password);
    await client.query("COMMIT");
    return { created: options.adminUser, file };
  } catch (error) {
    if (file) await rm(file, { force: true });
    throw error;
  } finally {
    await client.query("ROLLBACK").catch(() => {}); // after COMMIT it is only a warning
    client.off("error", lost);
    client.release();
  }
}

async function writePassword({ adminUser, dataDir }: FirstAdministratorOptions, password: string): Promise<string> {
  const file = firstSignInFile(dataDir);
  await rm(file, { force: true }); // an old file may be readable for others: mode counts only for a new one
  await writeFile(file, `user: ${adminUser}\npassword: ${password}\n`, { mode: 0o600, flag: "wx" });
  return file;
}
