/** The database's sessions and an issuer's tokens by one door, with clocks and warnings that a test holds in its hands. */
import type pg from "pg";
import { withIssuer } from "../../src/domain/access/oidc.ts";
import type { OidcSettings } from "../../src/domain/access/oidc-settings.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { audience, type TestIssuer } from "./issuer.ts";

export interface Hands {
  /** Null: the real time. */
  now: number | null;
  monotonic: number;
  readonly warnings: object[];
}

export const hands = (): Hands => ({ now: null, monotonic: 1_000_000, warnings: [] });

export function doorOf(pool: pg.Pool, issuer: TestIssuer, at: Hands, settings: Partial<OidcSettings> = {}): Sessions {
  const all = { issuer: issuer.url, audience, roleClaim: "roles", roleMap: null, jwksUrl: null, ...settings };
  return withIssuer(openSessions(pool, { sessionHours: 8 }), all, {
    log: { warn: (details) => void at.warnings.push(details) },
    clock: () => new Date(at.now ?? Date.now()),
    monotonic: () => at.monotonic,
  });
}

/** Now, as tokens have it. */
export const seconds = () => Math.floor(Date.now() / 1000);
