import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSessions } from "../../src/domain/access/sessions.ts";
import { dataFolder, startProcess } from "../e2e/gateway-process.ts";
import { eventStream, post, rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { doorOf, type Hands, hands, seconds } from "../support/door.ts";
import { anIssuer, audience, type TestIssuer } from "../support/issuer.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";

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
const door = () => doorOf(db.database.pool, issuer, at);

describe("through the gateway,", () => {
  let gateway: RealGateway;
  beforeEach(async () => {
    await db.database.pool.query("TRUNCATE audit_record");
    gateway = await realGateway(db.database, { lookMs: 50, sessions: door() });
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
    await expect.poll(() => gateway.feeds.counts().feeds).toBe(0);
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
