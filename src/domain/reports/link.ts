/** The signed link of a download: good for whoever has it, for five minutes. Pure. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { encodeId } from "../ids.ts";

export const linkSeconds = 300;

/** Where the gateway serves a report's content. */
export const downloadPath = (reportId: string): string => `/reports/${encodeId("Report", reportId)}/download`;

/** What is signed names what it is for: the key may sign other things too. */
const signatureOf = (key: Uint8Array, reportId: string, expires: number): Buffer =>
  createHmac("sha256", key).update(`report-download\n${reportId}\n${expires}`).digest();

/** A path with its query; `now` in milliseconds since 1970. */
export function signedPath(key: Uint8Array, reportId: string, now: number): string {
  const expires = Math.floor(now / 1_000) + linkSeconds;
  return `${downloadPath(reportId)}?expires=${expires}&signature=${signatureOf(key, reportId, expires).toString("base64url")}`;
}

export interface GivenSignature {
  readonly expires: string;
  readonly signature: string;
}

/** WRONG: it is not ours, or of another report or time. LATE: it was good until `expires`. */
export type SignatureCheck = { readonly is: "GOOD" } | { readonly is: "WRONG" } | { readonly is: "LATE"; readonly expiredAt: Date };

export function checkSignature(key: Uint8Array, reportId: string, given: GivenSignature, now: number): SignatureCheck {
  if (!/^[1-9][0-9]{0,11}$/.test(given.expires)) return { is: "WRONG" };
  const expires = Number(given.expires);
  const expected = signatureOf(key, reportId, expires);
  const signature = Buffer.from(given.signature, "base64url");
  // Of another length it can't be compared in constant time, and its length is no secret. Nor may one signature be written in two ways.
  if (signature.length !== expected.length || signature.toString("base64url") !== given.signature) return { is: "WRONG" };
  if (!timingSafeEqual(signature, expected)) return { is: "WRONG" };
  return now < expires * 1_000 ? { is: "GOOD" } : { is: "LATE", expiredAt: new Date(expires * 1_000) };
}
