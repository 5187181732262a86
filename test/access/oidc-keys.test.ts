import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OidcSettings } from "../../src/domain/access/oidc-settings.ts";

import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { doorOf, type Hands, hands } from "../support/door.ts";
import { aKey, anIssuer, type TestIssuer } from "../support/issuer.ts";
import { aUser } from "../support/real-gateway.ts";

let db: TestDatabase;
let issuer: TestIssuer;
let at: Hands;
beforeAll(async () => {
  db = await freshDatabase();
  await aUser(db.database, "ada", ["VIEWER"]);
});
afterAll(() => db.drop());
beforeEach(async () => {
  issuer = await anIssuer();
  at = hands();
  return () => issuer[Symbol.asyncDispose]();
});
const door = (settings: Partial<OidcSettings> = {}) => doorOf(db.database.pool, issuer, at, settings);

describe("the issuer's keys", () => {
  const fetches = () => issuer.asked.filter((path) => path === "/keys").length;

  it("are fetched once for many tokens, by the discovery document or from where the settings say", async () => {
    const sessions = door();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.token()));
    const found = await Promise.all(tokens.map((token) => sessions.authenticate(token)));
    expect(found.every(({ state }) => state === "valid")).toBe(true);
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
    const direct = door({ jwksUrl: `${issuer.url}/keys` });
    expect(await direct.authenticate(await issuer.token())).toMatchObject({ state: "valid" });
    expect(issuer.asked.slice(2)).toEqual(["/keys"]);
  });

  it("may be changed: a new one is fetched when a token names it, at most each half minute", async () => {
    const sessions = door();
    await sessions.authenticate(await issuer.token());
    issuer.keys = [await aKey("RS256"), ...issuer.keys];
    const token = await issuer.token();
    at.monotonic += 29_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "unknown" });
    at.monotonic += 1_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
    const strangers = await Promise.all(Array.from({ length: 20 }, async () => issuer.token({}, await aKey())));
    at.monotonic += 30_000;
    const found = await Promise.all(strangers.map((stranger) => sessions.authenticate(stranger)));
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(["unknown"]));
    expect(fetches()).toBe(3);
  });

  it("are looked at again now and then: one that is withdrawn counts no more", async () => {
    const sessions = door();
    const token = await issuer.token();
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
    issuer.keys = [await aKey()];
    at.monotonic += 600_001;
    await sessions.authenticate(token); // begins to look, and does not wait for it
    await expect.poll(async () => (await sessions.authenticate(token)).state).toBe("unknown");
  });

  it("that can't be fetched make its tokens wait and nobody else", async () => {
    issuer.failing = 503;
    const sessions = door();
    const token = await issuer.token();
    for (let i = 0; i < 3; i++) {
      await expect(sessions.authenticate(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5 });
    }
    expect(issuer.asked).toHaveLength(1); // not once for each
    expect(at.warnings).toHaveLength(1);
    const { token: own } = await sessions.create({ user: "ada", password: "correct horse" }, "here");
    expect(await sessions.authenticate(own)).toMatchObject({ state: "valid" });
    issuer.failing = null;
    at.monotonic += 5_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
  });

  it("that are known go on for a day while the issuer is down", async () => {
    const sessions = door();
    const token = await issuer.token();
    await sessions.authenticate(token);
    issuer.failing = 500;
    at.monotonic += 3_600_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
    await expect.poll(() => at.warnings.length).toBe(1);
    at.monotonic += 23 * 3_600_000 + 1;
    await expect(sessions.authenticate(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it.each([
    ["the discovery document is another issuer's", () => (issuer.named = "https://elsewhere.example")],
    ["it says nothing that can be read", () => (issuer.named = "")],
  ])("are not taken when %s", async (_what, change) => {
    change();
    await expect(door().authenticate(await issuer.token())).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(String(Object.values(at.warnings[0] ?? {})[0])).toContain("another issuer");
  });
});
