/** The signed link of a download: good for whoever has it, for five minutes. Pure. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { UnauthorizedError } from "./errors.ts";

const linkSeconds = 300;

/** What can be fetched by such a link. */
export interface LinkKind {
  /** What is signed names what it is for: the key may sign other things too. */
  readonly purpose: string;
  /** Where the gateway serves it. */
  readonly path: (id: string) => string;
}

const signatureOf = (purpose: string, key: Uint8Array, id: string, expires: number): Buffer =>
  createHmac("sha256", key).update(`${purpose}\n${id}\n${expires}`).digest();

/** A path with its query; `now` in milliseconds since 1970. */
export function signedPath({ purpose, path }: LinkKind, key: Uint8Array, id: string, now: number): string {
  const expires = Math.floor(now / 1_000) + linkSeconds;
  return `${path(id)}?expires=${expires}&signature=${signatureOf(purpose, key, id, expires).toString("base64url")}`;
}

export interface GivenSignature {
  readonly expires: string;
  readonly signature: string;
}

/** WRONG: it is not ours, or of another thing or time. LATE: it was good until `expires`. */
export type SignatureCheck = { readonly is: "GOOD" } | { readonly is: "WRONG" } | { readonly is: "LATE"; readonly expiredAt: Date };

export function checkSignature({ purpose }: LinkKind, key: Uint8Array, id: string, given: GivenSignature, now: number): SignatureCheck {
  if (!/^[1-9][0-9]{0,11}$/.test(given.expires)) return { is: "WRONG" };
  const expires = Number(given.expires);
  const expected = signatureOf(purpose, key, id, expires);
  const signature = Buffer.from(given.signature, "base64url");
  // Of another length it can't be compared in constant time, and its length is no secret. Nor may one signature be written in two ways.
  if (signature.length !== expected.length || signature.toString("base64url") !== given.signature) return { is: "WRONG" };
  if (!timingSafeEqual(signature, expected)) return { is: "WRONG" };
  return now < expires * 1_000 ? { is: "GOOD" } : { is: "LATE", expiredAt: new Date(expires * 1_000) };
}

/** Throws UnauthorizedError. `field` gives such links. */
export function requireGood(checked: SignatureCheck, field: string): void {
  if (checked.is === "GOOD") return;
  const remedy = `Read the field ${field} again: each read makes a new link, good for ${linkSeconds / 60} minutes. Keep its query as it is.`;
  if (checked.is === "LATE") throw new UnauthorizedError("The link has expired.", checked.expiredAt, remedy);
  throw new UnauthorizedError("The link is not one of this gateway's: its signature does not fit.", null, remedy);
}
