import { createHmac, createPublicKey } from "node:crypto";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OidcSettings } from "../../src/domain/access/oidc-settings.ts";

import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { doorOf, type Hands, hands, seconds } from "../support/door.ts";
import { aKey, anIssuer, type TestIssuer } from "../support/issuer.ts";

let db: TestDatabase;
let issuer: TestIssuer;
let at: Hands;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  issuer = await anIssuer();
  at = hands();
  return () => issuer[Symbol.asyncDispose]();
});
const door = (settings: Partial<OidcSettings> = {}) => doorOf(db.database.pool, issuer, at, settings);

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token of the issuer", () => {
  it.each(["RS256", "PS256", "ES256", "ES384", "EdDSA"])("signed with %s says who asks, and what they may do", async (alg) => {
    issuer.keys = [await aKey(alg)];
    const exp = seconds() + 600;
    const token = await issuer.token({ exp, preferred_username: "olga", roles: ["OPERATOR", "KING", "EDITOR"] });
    const found = await door().authenticate(token);
    expect(found).toEqual({
      state: "valid",
      viewer: {
        userId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/),
        name: "oidc/olga",
        roles: new Set(["OPERATOR", "EDITOR"]),
        sessionId: expect.any(String),
        expiresAt: new Date(exp * 1000),
      },
      remainingMs: expect.any(Number),
    });
    expect(JSON.stringify(found)).not.toContain(token);
  });

  it("stands for the same user each time, and for another one than another subject's or issuer's", async () => {
    const idOf = async (claims: JWTPayload) => {
      const found = await door().authenticate(await issuer.token(claims));
      return found.state === "valid" ? found.viewer.userId : found.state;
    };
    const first = await idOf({ preferred_username: "olga" });
    expect(await idOf({ preferred_username: "renamed" })).toBe(first);
    expect(await idOf({ sub: "subject-2", preferred_username: "olga" })).not.toBe(first);
  });

  it.each([
    [{ preferred_username: "olga", email: "o@example.com" }, "oidc/olga"],
    [{ email: "o@example.com" }, "oidc/o@example.com"],
    [{ preferred_username: 7, email: " " }, "oidc/subject-1"],
    [{ preferred_username: "ol\u0000ga\n" }, "oidc/olga"],
    [{ preferred_username: "x".repeat(300) }, `oidc/${"x".repeat(250)}`],
  ])("with %j is called %s", async (claims, name) => {
    expect(await door().authenticate(await issuer.token(claims))).toMatchObject({ viewer: { name } });
  });

  it.each<[string, Partial<OidcSettings>, object, string[]]>([
    ["a claim with a name of its own", { roleClaim: "https://example.com/roles" }, { "https://example.com/roles": ["ADMIN"] }, ["ADMIN"]],
    ["a claim inside another", { roleClaim: "realm_access.roles" }, { realm_access: { roles: ["ADMIN"] } }, ["ADMIN"]],
    ["one text", {}, { roles: "VIEWER, EDITOR ADMIN" }, ["VIEWER", "EDITOR", "ADMIN"]],
    [
      "names that are mapped",
      { roleMap: new Map([["dr-ops", ["OPERATOR", "EDITOR"]]]) },
      { roles: ["dr-ops", "ADMIN"] },
      ["OPERATOR", "EDITOR"],
    ],
    ["names in another case", {}, { roles: ["admin"] }, []],
    ["something else", {}, { roles: { admin: true } }, []],
    ["nothing", { roleClaim: "constructor.name" }, {}, []],
  ])("has its roles from %s", async (_what, settings, claims, roles) => {
    expect(await door(settings).authenticate(await issuer.token({ roles: undefined, ...claims }))).toMatchObject({
      viewer: { roles: new Set(roles) },
    });
  });

  it("may be off by the tolerance of clocks, and no more", async () => {
    const sessions = door();
    const exp = seconds() + 600;
    const token = await issuer.token({ exp });
    at.now = (exp + 29) * 1000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid", remainingMs: 1000 });
    at.now = (exp + 30) * 1000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "expired", expiredAt: new Date(exp * 1000) });
    expect(await sessions.authenticate(await issuer.token({ exp: exp + 900, nbf: exp + 50 }))).toMatchObject({ state: "valid" });
  });
});

describe("a token is refused, with a reason and without its content,", () => {
  it.each<[string, object, string]>([
    ["of another issuer", { iss: "https://elsewhere.example" }, "is not of the issuer"],
    ["for another audience", { aud: ["other", "one more"] }, "meant for somebody else"],
    ["that is not valid yet", { nbf: seconds() + 120 }, "not valid yet"],
    ["without an end", { exp: undefined }, 'lacks the claim "exp"'],
    ["without a subject", { sub: undefined }, 'lacks the claim "sub"'],
    ["without an audience", { aud: undefined }, 'lacks the claim "aud"'],
  ])("%s", async (_what, claims, reason) => {
    const found = await door().authenticate(await issuer.token({ secret: "hunter2", ...claims }));
    expect(found).toMatchObject({ state: "unknown", refusal: { code: "UNAUTHORIZED", message: expect.stringContaining(reason) } });
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  it("that is signed by somebody else, under the name of the issuer's key", async () => {
    const [own] = issuer.keys;
    const forged = { ...(await aKey()), kid: own?.kid ?? "" };
    expect(await door().authenticate(await issuer.token({}, forged))).toMatchObject({
      refusal: { message: "The token's signature is not the issuer's." },
    });
  });

  it("that was changed", async () => {
    const [header, payload, signature] = (await issuer.token()).split(".");
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
    const changed = [header, encoded({ ...claims, roles: ["ADMIN"] }), signature].join(".");
    expect(await door().authenticate(changed)).toMatchObject({ refusal: { message: "The token's signature is not the issuer's." } });
  });

  it("without a signature, or with one by a secret that everybody knows", async () => {
    const [key] = issuer.keys;
    const payload = (await issuer.token()).split(".")[1];
    const unsigned = `${encoded({ alg: "none" })}.${payload}.`;
    const start = `${encoded({ alg: "HS256", kid: key?.kid })}.${payload}`;
    const publicKey = createPublicKey({ key: { ...key?.jwk }, format: "jwk" }).export({ type: "spki", format: "pem" });
    const symmetric = `${start}.${createHmac("sha256", publicKey).update(start).digest("base64url")}`;
    for (const token of [unsigned, symmetric]) {
      expect(await door().authenticate(token)).toMatchObject({
        refusal: { message: "The token is signed in a way that is not accepted." },
      });
    }
  });

  it.each(["a.b.c", "a.b.", `${encoded({ alg: "ES256" })}.e30.AA`, `${encoded({ alg: "ES256", crit: ["x"], x: 1 })}.e30.AA`])(
    "that is none: %s",
    async (token) => {
      expect(await door().authenticate(token)).toMatchObject({ state: "unknown", refusal: { code: "UNAUTHORIZED" } });
    },
  );
});
