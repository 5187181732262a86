/** Which tokens of an outside issuer are taken, and what its users may do here. */
import { type Role, roles } from "../viewer.ts";

export interface OidcSettings {
  /** As the tokens' claim `iss` has it, to the letter. */
  readonly issuer: string;
  readonly audience: string;
  /** Name of the claim with the roles; where there is none of that name, a way with dots, such as `realm_access.roles`. */
  readonly roleClaim: string;
  /** The issuer's name of a role to ours; null: the names are the same. */
  readonly roleMap: ReadonlyMap<string, readonly Role[]> | null;
  /** Null: the issuer's discovery document says it. */
  readonly jwksUrl: string | null;
}

/** `dr-admins=ADMIN,dr-ops=OPERATOR`; the same name again adds a role. Null: it can't be read so. */
export function parseRoleMap(text: string): ReadonlyMap<string, readonly Role[]> | null {
  const map = new Map<string, Role[]>();
  for (const entry of text.split(",")) {
    const at = entry.lastIndexOf("=");
    const name = entry.slice(0, Math.max(at, 0)).trim();
    const role = roles.find((known) => known === entry.slice(at + 1).trim());
    if (name === "" || role === undefined) return null;
    map.set(name, [...(map.get(name) ?? []), role]);
  }
  return map;
}

/** Whether what is sent to and got from this address can't be read or changed on the way. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}
