/** What a receiver can tell by that a request comes from here, and is new. docs/notifications.md shows how it checks. */
import { createHmac, randomBytes } from "node:crypto";

/** 256 bits, with a mark by which a scanner for secrets knows it. */
export const makeSecret = (): string => `whsec_${randomBytes(32).toString("base64url")}`;

/** One signature for each secret: while one is replaced there are two. */
export function signature(secrets: readonly string[], timestamp: number, body: string): string {
  const signed = (secret: string) => createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return secrets.map((secret) => `v1=${signed(secret)}`).join(",");
}
