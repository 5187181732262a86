import { hash, verify } from "@node-rs/argon2";

/** OWASP's figures for argon2id, which is the package's default: 19 MiB, two passes; some 20 ms on a core. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string) => hash(password, cost);

let nobodys: Promise<string> | undefined;

/** An unknown user (null) costs what a known one costs, so that the time does not tell who exists. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  nobodys ??= hashPassword("nobody has this password");
  const matches = await verify(stored ?? (await nobodys), password);
  return matches && stored !== null;
}
