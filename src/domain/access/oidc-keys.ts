/**
 * The keys that an issuer signs with. They are kept, and looked at again now and then and when a token names one that is not known; while
 * the issuer can't be reached, known keys go on for a day, so that nobody is thrown out on the day when it is down with all the rest.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { ServiceUnavailableError } from "../errors.ts";
import { isSafeUrl, type OidcSettings } from "./oidc-settings.ts";

const requestMs = 5_000;
const freshMs = 10 * 60_000;
const keptMs = 24 * 3_600_000;
/** Anybody can send tokens with keys that nobody knows. */
const unknownKeyEveryMs = 30_000;
const afterFailureMs = 5_000;

const safeUrl = z.string().refine(isSafeUrl, "has to be https");
const discovery = z.object({ issuer: z.string(), jwks_uri: safeUrl });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface IssuerKeysOptions extends Pick<OidcSettings, "issuer" | "jwksUrl"> {
  readonly log: { warn(details: object, message: string): void };
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

export interface IssuerKeys {
  /** For jwtVerify. Throws ServiceUnavailableError when the keys can't be had. */
  readonly find: JWTVerifyGetKey;
  /** Fetches them, so that the first token need not wait; what goes wrong is logged. */
  prepare(): Promise<void>;
}

export function openIssuerKeys({ issuer, jwksUrl, log, now }: IssuerKeysOptions): IssuerKeys {
  let known: { readonly find: JWTVerifyGetKey; readonly loadedAt: number } | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<JWTVerifyGetKey> | null = null;

  const load = async (): Promise<JWTVerifyGetKey> => {
    try {
      const url = jwksUrl ?? (await discover(issuer));
      const find = createLocalJWKSet(keySet.parse(await fetchJson(url)));
      known = { find, loadedAt: now() };
      return find;
    } catch (error) {
      failedAt = now();
      log.warn({ err: error, issuer }, "the keys of the OIDC issuer can't be fetched");
      throw new ServiceUnavailableError("The identity provider's keys can't be fetched, so its tokens can't be checked.", 5);
    } finally {
      loading = null;
    }
  };
  const loaded = async (): Promise<JWTVerifyGetKey> => {
    if (loading === null && now() - failedAt < afterFailureMs) {
      throw new ServiceUnavailableError("The identity provider's keys could not be fetched a moment ago.", 5);
    }
    loading ??= load();
    return loading;
  };
  const current = async (): Promise<JWTVerifyGetKey> => {
    if (known === null || now() - known.loadedAt > keptMs) return loaded();
    if (now() - known.loadedAt > freshMs) void loadedQuietly();
    return known.find;
  };
  const loadedQuietly = async () => {
    await loaded().catch(() => {}); // it is logged, and the known keys go on
  };

  return {
    async find(header, token) {
      const find = await current();
      try {
        return await find(header, token);
      } catch (error) {
        const mayBeNew = error instanceof errors.JWKSNoMatchingKey && now() - (known?.loadedAt ?? 0) >= unknownKeyEveryMs;
        if (!mayBeNew) throw error;
      }
      return (await loaded())(header, token);
    },
    prepare: loadedQuietly,
  };
}

async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = discovery.parse(await fetchJson(url));
  if (found.issuer !== issuer)
    throw new Error(`${url} is the document of another issuer, ${found.issuer}; OIDC_ISSUER has to be that to the letter`);
  return found.jwks_uri;
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(requestMs),
  });
  if (!response.ok) throw new Error(`${url} answers with status ${response.status}`);
  return response.json();
}
