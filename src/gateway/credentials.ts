import type { SignIn } from "../domain/access/caller.ts";

export interface Credentials {
  /** Every different token that was sent; more than one is refused. */
  readonly tokens: readonly string[];
  readonly basic: SignIn | null;
}

/** In HTTP headers and in connectionParams, where letters' case varies; all but the last are names of the token. */
const credentialNames = new Set(["session-token", "sessiontoken", "vmware-api-session-id", "authorization"]);

/** Reads connectionParams and HTTP headers alike; the latter with every value that was sent (`headersDistinct`), not only one. */
export function credentialsOf(...sources: Readonly<Record<string, unknown>>[]): Credentials {
  const tokens = new Set<string>();
  let basic: SignIn | null = null;
  const read = (name: string, value: unknown): void => {
    if (typeof value !== "string" || value === "") return;
    if (name !== "authorization") return void tokens.add(value.trim());
    const bearer = /^bearer +(\S+) *$/i.exec(value)?.[1];
    if (bearer) tokens.add(bearer);
    basic = basicOf(value) ?? basic;
  };
  for (const source of sources) {
    for (const name of Object.keys(source)) {
      const known = name.toLowerCase();
      if (!credentialNames.has(known)) continue;
      const values: unknown = source[name];
      for (const value of Array.isArray(values) ? values : [values]) read(known, value);
    }
  }
  return { tokens: [...tokens], basic };
}

/** Whether the client asks, in the same places, to be told what its operations cost. */
export const wantsCost = (...sources: Readonly<Record<string, unknown>>[]): boolean =>
  sources.flatMap(valuesOf).some(([name, value]) => name.toLowerCase() === "x-query-cost" && String(value) !== "false");

const valuesOf = (source: Readonly<Record<string, unknown>>): [name: string, value: unknown][] =>
  Object.entries(source).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: unknown): [string, unknown] => [name, one]) : [[name, value]],
  );

function basicOf(header: string): SignIn | null {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header)?.[1];
  if (!encoded) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
