/** Users of an outside issuer, by its bearer tokens: checked anew each time, and never stored. */
import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { v5 } from "uuid";
import { DomainError, InvalidRequestError, UnauthorizedError } from "../errors.ts";
import { roles as allRoles, type Role, type Viewer } from "../viewer.ts";
import { openIssuerKeys } from "./oidc-keys.ts";
import type { OidcSettings } from "./oidc-settings.ts";
import type { Authentication, Sessions } from "./sessions.ts";

/** Signatures with a public key alone: with a shared secret whoever checks could also sign. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
/** How far the issuer's clock may be from ours. */
const toleranceSeconds = 30;
const lastMs = 8.64e15; // that Date has

export class IssuerTokenError extends UnauthorizedError {
  override readonly remedy = "Get a new token from the identity provider, or sign in with createSession.";
}

export interface OidcOptions {
  readonly log: { warn(details: object, message: string): void };
  readonly clock?: () => Date;
  readonly monotonic?: () => number;
}

/** Sessions and the issuer's tokens by one door. Ours have no dots; a JWT has two. */
export function withIssuer(sessions: Sessions, settings: OidcSettings, options: OidcOptions): Sessions {
  const authenticate = openIssuer(settings, options);
  return {
    ...sessions,
    authenticate: (token) => (isJwt(token) ? authenticate(token) : sessions.authenticate(token)),
    async remove(token) {
      if (!isJwt(token)) return sessions.remove(token);
      throw new InvalidRequestError(
        `This token was issued by ${settings.issuer}, and nobody else can end it.`,
        [],
        "Sign out at the identity provider; here the token holds until it expires.",
      );
    },
    async overAmong(sessionIds) {
      const ours = sessionIds.filter((id) => !id.startsWith(sessionPrefix)); // the others end by their timers alone
      return ours.length === 0 ? [] : sessions.overAmong(ours);
    },
  };
}

const isJwt = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
const sessionPrefix = "oidc ";

function openIssuer(settings: OidcSettings, { log, clock = () => new Date(), monotonic = () => performance.now() }: OidcOptions) {
  const { issuer, audience } = settings;
  const keys = openIssuerKeys({ ...settings, log, now: monotonic });
  void keys.prepare();
  return async (token: string): Promise<Authentication> => {
    try {
      const expected = { issuer, audience, algorithms, clockTolerance: toleranceSeconds, requiredClaims: ["exp", "sub"] };
      const { payload } = await jwtVerify(token, keys.find, { ...expected, currentDate: clock() });
      const endsAt = timeOf(payload.exp, toleranceSeconds);
      return { state: "valid", viewer: viewerOf(token, payload, settings), remainingMs: endsAt.getTime() - clock().getTime() };
    } catch (error) {
      if (error instanceof DomainError) throw error;
      if (error instanceof errors.JWTExpired) {
        const expiredAt = timeOf(error.payload.exp);
        return { state: "expired", expiredAt, refusal: new IssuerTokenError("The token has expired.", expiredAt) };
      }
      if (!(error instanceof errors.JOSEError)) log.warn({ err: error, issuer }, "a token of the OIDC issuer can't be checked");
      return { state: "unknown", refusal: new IssuerTokenError(reasonOf(error, issuer)) };
    }
  };
}

const timeOf = (seconds: number | undefined, more = 0) => new Date(Math.min(((seconds ?? 0) + more) * 1000, lastMs));

function viewerOf(token: string, payload: JWTPayload, { issuer, roleClaim, roleMap }: OidcSettings): Viewer {
  const named = claimed(claimAt(payload, roleClaim));
  const roles = allRoles.filter((role) => named.some((name) => (roleMap ? roleMap.get(name)?.includes(role) : name === role)));
  return {
    userId: v5(JSON.stringify([issuer, payload.sub]), v5.URL),
    name: nameOf(payload),
    roles: new Set<Role>(roles),
    sessionId: `${sessionPrefix}${createHash("sha256").update(token).digest("base64url")}`,
    expiresAt: timeOf(payload.exp),
  };
}

/** With a slash, which no local user's name has: an issuer can't name anybody like one. */
function nameOf({ preferred_username: preferred, email, sub }: JWTPayload): string {
  const names = [preferred, email, sub].map((name) => (typeof name === "string" ? name.replace(/[\p{Cc}\p{Cs}]/gu, "").trim() : ""));
  return `oidc/${names.find((name) => name !== "") ?? ""}`.slice(0, 255).toWellFormed();
}

function claimAt(payload: JWTPayload, claim: string): unknown {
  if (Object.hasOwn(payload, claim)) return payload[claim];
  let found: unknown = payload;
  for (const part of claim.split(".")) {
    found = typeof found === "object" && found !== null && Object.hasOwn(found, part) ? Reflect.get(found, part) : undefined;
  }
  return found;
}

/** A list of names, or one text with them. */
function claimed(value: unknown): string[] {
  if (typeof value === "string") return value.split(/[\s,]+/);
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Nothing of the token itself is repeated. */
function reasonOf(error: unknown, issuer: string): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") return `The token lacks the claim "${error.claim}".`;
    if (error.claim === "iss") return `The token is not of the issuer ${issuer}.`;
    if (error.claim === "aud") return "The token is meant for somebody else: its audience is not this gateway's.";
    if (error.claim === "nbf") return "The token is not valid yet.";
    return `The token's claim "${error.claim}" can't be used.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return "The token's signature is not the issuer's.";
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token is signed in a way that is not accepted.";
  return "The token can't be read.";
}
