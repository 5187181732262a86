import { createHmac, createPublicKey } from "node:crypto";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withIssuer } from "../../src/domain/access/oidc.ts";
import type { OidcSettings } from "../../src/domain/access/oidc-settings.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { dataFolder, startProcess } from "../e2e/gateway-process.ts";
import { eventStream, post, rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aKey, anIssuer, audience, type TestIssuer } from "../support/issuer.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";

let db: TestDatabase;
let issuer: TestIssuer;
let warnings: object[];
beforeAll(async () => {
  db = await freshDatabase();
  await aUser(db.database, "ada", ["VIEWER"]);
});
afterAll(() => db.drop());
beforeEach(async () => {
  issuer = await anIssuer();
  warnings = [];
  return () => issuer[Symbol.asyncDispose]();
});

/** Clocks that a test moves. */
interface Hands {
  now: number;
  monotonic: number;
}
const hands = (): Hands => ({ now: Date.now(), monotonic: 1_000_000 });

function door(settings: Partial<OidcSettings> = {}, at: Hands = hands()): Sessions {
  const all = { issuer: issuer.url, audience, roleClaim: "roles", roleMap: null, jwksUrl: null, ...settings };
  const log = { warn: (details: object) => void warnings.push(details) };
  return withIssuer(openSessions(db.database.pool, { sessionHours: 8 }), all, {
    log,
    clock: () => new Date(at.now),
    monotonic: () => at.monotonic,
  });
}

const seconds = () => Math.floor(Date.now() / 1000);
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
    const at = hands();
    const sessions = door({}, at);
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
    const at = hands();
    const sessions = door({}, at);
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
    const at = hands();
    const sessions = door({}, at);
    const token = await issuer.token();
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
    issuer.keys = [await aKey()];
    at.monotonic += 600_001;
    await sessions.authenticate(token); // begins to look, and does not wait for it
    await expect.poll(async () => (await sessions.authenticate(token)).state, { interval: 5 }).toBe("unknown");
  });

  it("that can't be fetched make its tokens wait and nobody else", async () => {
    issuer.failing = 503;
    const at = hands();
    const sessions = door({}, at);
    const token = await issuer.token();
    for (let i = 0; i < 3; i++) {
      await expect(sessions.authenticate(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5 });
    }
    expect(issuer.asked).toHaveLength(1); // not once for each
    expect(warnings).toHaveLength(1);
    const { token: own } = await sessions.create({ user: "ada", password: "correct horse" }, "here");
    expect(await sessions.authenticate(own)).toMatchObject({ state: "valid" });
    issuer.failing = null;
    at.monotonic += 5_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
  });

  it("that are known go on for a day while the issuer is down", async () => {
    const at = hands();
    const sessions = door({}, at);
    const token = await issuer.token();
    await sessions.authenticate(token);
    issuer.failing = 500;
    at.monotonic += 3_600_000;
    expect(await sessions.authenticate(token)).toMatchObject({ state: "valid" });
    await expect.poll(() => warnings.length, { interval: 5 }).toBe(1);
    at.monotonic += 23 * 3_600_000 + 1;
    await expect(sessions.authenticate(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it.each([
    ["the discovery document is another issuer's", () => (issuer.named = "https://elsewhere.example")],
    ["it says nothing that can be read", () => (issuer.named = "")],
  ])("are not taken when %s", async (_what, change) => {
    change();
    await expect(door().authenticate(await issuer.token())).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(String(Object.values(warnings[0] ?? {})[0])).toContain("another issuer");
  });
});

describe("through the gateway", () => {
  let gateway: RealGateway;
  beforeEach(async () => {
    await db.database.pool.query("TRUNCATE audit_record");
    const at = {
      monotonic: 1_000_000,
      get now() {
        return Date.now();
      },
    };
    gateway = await realGateway(db.database, { lookMs: 50, sessions: door({}, at) });
    return () => gateway[Symbol.asyncDispose]();
  });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const whoAmI = "{ viewer { name roles sessionExpiresAt } }";

  it("a bearer token asks like a session, over HTTP and WebSocket", async () => {
    const exp = seconds() + 600;
    const token = await issuer.token({ exp, preferred_username: "olga", roles: ["OPERATOR"] });
    const viewer = { name: "oidc/olga", roles: ["OPERATOR"], sessionExpiresAt: new Date(exp * 1000).toISOString() };
    expect((await gateway.ask(whoAmI, {}, bearer(token))).data).toEqual({ viewer });
    const socket = await rawSocket(gateway.url, { Authorization: `Bearer ${token}` });
    await socket.next("connection_ack");
    socket.subscribe("1", whoAmI);
    expect((await socket.next("next", "1")).payload).toEqual({ data: { viewer } });
    socket.socket.terminate();
  });

  it("one that is refused says why: over HTTP, and by the close code", async () => {
    const exp = seconds() - 60;
    const cases = [
      [await issuer.token({ exp }), new Date(exp * 1000).toISOString(), 4403],
      [await issuer.token({ aud: "other" }), null, 4401],
    ] as const;
    for (const [token, expiredAt, code] of cases) {
      const answer = await gateway.ask(whoAmI, {}, bearer(token));
      expect([answer.status, answer.errors?.[0]?.extensions]).toMatchObject([
        401,
        { code: "UNAUTHORIZED", expiredAt, remedy: expect.stringContaining("identity provider") },
      ]);
      expect((await (await rawSocket(gateway.url, { sessionToken: token })).closed).code).toBe(code);
    }
  });

  it("one without a role of ours is known, and FORBIDDEN everything", async () => {
    const token = await issuer.token({ preferred_username: "olga", roles: ["cook"] });
    const answer = await gateway.ask(whoAmI, {}, bearer(token));
    expect([answer.status, answer.errors?.[0]?.extensions]).toMatchObject([403, { code: "FORBIDDEN", requiredRole: "VIEWER" }]);
  });

  it("while the issuer can't be reached its tokens get 503 and 1013, and sessions work", async () => {
    issuer.failing = 500;
    const token = await issuer.token();
    const other = await realGateway(db.database, { sessions: door() });
    const answer = await other.ask(whoAmI, {}, bearer(token));
    expect([answer.status, answer.headers.get("retry-after"), answer.errors?.[0]?.extensions.code]).toEqual([
      503,
      "5",
      "SERVICE_UNAVAILABLE",
    ]);
    expect((await (await rawSocket(other.url, { sessionToken: token })).closed).code).toBe(1013);
    expect((await other.ask(whoAmI, {}, { "session-token": await other.signIn("ada") })).data).toMatchObject({ viewer: { name: "ada" } });
    await other[Symbol.asyncDispose]();
  });

  it("sockets close with 4403 and streams are cut when the token expires", async () => {
    const token = await issuer.token({ exp: seconds() - 28 }); // within the tolerance for a moment more
    const socket = await rawSocket(gateway.url, { sessionToken: token });
    await socket.next("connection_ack");
    const stream = await eventStream(gateway.url, "subscription { promptEvents { cursor } }", bearer(token));
    await stream.next();
    expect((await socket.closed).code).toBe(4403);
    await expect(stream.next()).rejects.toThrow();
    await expect.poll(() => gateway.feeds.counts().feeds, { interval: 5 }).toBe(0);
  });

  it("sockets of a token that lives for months stay open", async () => {
    const socket = await rawSocket(gateway.url, { sessionToken: await issuer.token({ exp: seconds() + 90 * 86_400 }) });
    await socket.next("connection_ack");
    socket.subscribe("1", whoAmI);
    await socket.next("next", "1");
    expect(socket.socket.readyState).toBe(1);
    socket.socket.terminate();
  });

  it("an open socket of a token does not keep sessions from being looked at: one that is deleted elsewhere ends, it goes on", async () => {
    const own = await rawSocket(gateway.url, { sessionToken: await issuer.token() });
    await own.next("connection_ack");
    const session = await gateway.signIn("ada");
    const other = await rawSocket(gateway.url, { sessionToken: session });
    await other.next("connection_ack");
    await openSessions(db.database.pool, { sessionHours: 8 }).remove(session);
    expect((await other.closed).code).toBe(4401);
    own.subscribe("1", whoAmI);
    expect((await own.next("next", "1")).payload).toMatchObject({ data: { viewer: { name: "oidc/subject-1" } } });
    own.socket.terminate();
  });

  it("deleteSession says that the issuer ends it", async () => {
    const query = "mutation { deleteSession { __typename ... on Error { code message remedy } } }";
    const { data } = await gateway.ask(query, {}, bearer(await issuer.token()));
    expect(data).toMatchObject({
      deleteSession: { code: "INVALID_REQUEST", message: `This token was issued by ${issuer.url}, and nobody else can end it.` },
    });
  });

  it("npm start takes them when the environment says so", { timeout: 60_000 }, async () => {
    const folder = dataFolder();
    const env = { DATABASE_URL: db.url, OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, OIDC_ROLE_MAP: "dr-admins=ADMIN" };
    const started = startProcess(folder.path, env);
    const url = `${await started.ready}/graphql`;
    const token = await issuer.token({ preferred_username: "olga", roles: ["dr-admins", "OPERATOR"] });
    expect((await post(url, { query: whoAmI }, bearer(token))).data).toMatchObject({ viewer: { name: "oidc/olga", roles: ["ADMIN"] } });
    started.child.kill("SIGTERM");
    await started.ended;
    folder.remove();
  });

  it("what its user does stands in the audit log, as nobody of ours", async () => {
    const token = await issuer.token({ preferred_username: "ada", roles: ["ADMIN"] });
    await gateway.ask(
      'mutation { createUser(input: { name: "oidc/ada", password: "a long password", roles: [VIEWER] }) { __typename } }',
      {},
      bearer(token),
    );
    const { data } = await gateway.ask("{ auditLog { nodes { userName userId operation outcome } } }", {}, bearer(token));
    expect(data).toEqual({
      auditLog: { nodes: [{ userName: "oidc/ada", userId: null, operation: "createUser", outcome: "INVALID_REQUEST" }] },
    });
  });
});
