import { createHash, randomBytes } from "node:crypto";
import { hash, hashRaw, verify } from "@node-rs/argon2";

/** OWASP's figures for argon2id, which is the package's default: 19 MiB, two passes; some 20 ms on a core. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string) => hash(password, cost);

let nobodys: Promise<string> | undefined;

/**
 * An unknown user (null) costs what a known one costs, so that the time does not tell who exists. The same goes for what is no hash at all,
 * which somebody may have put in its place to keep a user out.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  nobodys ??= hashPassword("nobody has this password");
  const hashed = stored?.startsWith("$argon2") ? stored : null;
  const matches = await verify(hashed ?? (await nobodys), password);
  return matches && hashed !== null;
}

/** 144 bits, in characters that every keyboard has. */
export const makePassword = () => randomBytes(18).toString("base64url");

/** Stands for a password where equal ones have to be told from others: as hard to guess by as its hash, and the same for the same `salt`. */
export async function passwordMark(password: string, salt: string): Promise<string> {
  const mark = await hashRaw(password, { ...cost, salt: createHash("sha256").update(salt).digest() });
  return mark.toString("base64url");
}
