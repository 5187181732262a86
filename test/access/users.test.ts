import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway, testPassword } from "../support/real-gateway.ts";
import { holding } from "../support/session.ts";

let db: TestDatabase;
let gateway: RealGateway;
let admin: { readonly id: string; readonly headers: Record<string, string> };
beforeAll(async () => {
  db = await freshDatabase();
  gateway = await realGateway(db.database);
});
beforeEach(async () => {
  await db.database.pool.query("TRUNCATE user_account, session, audit_record, idempotency_key CASCADE");
  const id = await aUser(db.database, "root", ["ADMIN"]);
  admin = { id, headers: { "session-token": await gateway.signIn("root") } };
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

const answers = `{ __typename ... on Error { code message remedy } ... on InvalidRequestError { fieldErrors { path message } } `;
const mutations = {
  createUser: `mutation ($input: CreateUserInput!) { createUser(input: $input) ${answers} ... on CreateUserPayload { user { id name roles removedAt } } } }`,
  updateUserRoles: `mutation ($input: UpdateUserRolesInput!) { updateUserRoles(input: $input) ${answers} ... on UpdateUserRolesPayload { user { roles } } } }`,
  setUserPassword: `mutation ($input: SetUserPasswordInput!) { setUserPassword(input: $input) ${answers} ... on SetUserPasswordPayload { user { name } } } }`,
  endSessions: `mutation ($input: EndSessionsInput!) { endSessions(input: $input) ${answers} ... on EndSessionsPayload { user { name removedAt } } } }`,
  removeUser: `mutation ($input: RemoveUserInput!) { removeUser(input: $input) ${answers} ... on RemoveUserPayload { user { name removedAt } } } }`,
} as const;

const change = async (mutation: keyof typeof mutations, input: object, headers = admin.headers) => {
  const { data, errors } = await gateway.ask(mutations[mutation], { input }, headers);
  expect(errors).toBeUndefined();
  return data?.[mutation];
};
const ada = { name: "Ada", password: "a long password", roles: ["OPERATOR", "VIEWER", "OPERATOR"] };
const globalId = (id: string) => encodeId("User", id);

describe("createUser", () => {
  it("adds somebody who signs in, with the roles once each", async () => {
    const added = await change("createUser", ada);
    expect(added).toMatchObject({ user: { name: "Ada", roles: ["VIEWER", "OPERATOR"], removedAt: null } });
    expect((await gateway.sessions.create({ user: "ada", password: ada.password }, "here")).viewer.roles).toEqual(
      new Set(["VIEWER", "OPERATOR"]),
    );
  });

  it("says everything that is wrong, and adds nobody", async () => {
    const refused = await change("createUser", { name: "a/b:c", password: "elevenchars", roles: [] });
    expect(refused).toMatchObject({
      code: "INVALID_REQUEST",
      fieldErrors: [
        { path: ["name"], message: expect.stringContaining('"/"') },
        { path: ["password"], message: "A password has at least 12 characters, and this has 11." },
        { path: ["roles"], message: expect.stringContaining("at least one role") },
      ],
    });
    const tooLong = await change("createUser", { ...ada, password: "x".repeat(1025) });
    expect(tooLong).toMatchObject({ fieldErrors: [{ path: ["password"] }] });
    expect(await db.database.prisma.user.count()).toBe(1);
  });

  it("refuses a name that is taken, in whatever case", async () => {
    await change("createUser", ada);
    const again = await change("createUser", { ...ada, name: "ADA " });
    expect(again).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["name"], message: "There is a user Ada already." }] });
  });

  it("lets one of many at once have the name", async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => change("createUser", ada)));
    expect(outcomes.filter((one) => JSON.stringify(one).includes("CreateUserPayload"))).toHaveLength(1);
    expect(await db.database.prisma.user.count()).toBe(2);
  });

  it("gives a removed name back, with its id, a new password and new roles", async () => {
    const userId = globalId(
      (await gateway.services.users.add(asAdmin(), { name: "ada", password: ada.password, roles: ["EDITOR"] })).userId,
    );
    const before = await gateway.signIn("ada", ada.password);
    await change("removeUser", { userId });
    expect(await change("createUser", { ...ada, password: "another password" })).toMatchObject({
      user: { id: userId, name: "Ada", roles: ["VIEWER", "OPERATOR"], removedAt: null },
    });
    expect(await gateway.sessions.authenticate(before)).toEqual({ state: "unknown" });
    await expect(gateway.signIn("ada", ada.password)).rejects.toThrow("do not match");
    await gateway.signIn("ada", "another password");
  });

  it("is done once for a key; the same key with another password is a conflict", async () => {
    const first = await change("createUser", { ...ada, idempotencyKey: "k" });
    expect(await change("createUser", { ...ada, idempotencyKey: "k" })).toEqual(first);
    expect(await change("createUser", { ...ada, password: "another password", idempotencyKey: "k" })).toMatchObject({ code: "CONFLICT" });
  });
});

/** As the service sees the administrator. */
const asAdmin = () => ({ userId: admin.id, name: "root" });

describe("updateUserRoles", () => {
  it("counts from the next operation on", async () => {
    const userId = globalId(await aUser(db.database, "ada", ["VIEWER"]));
    const headers = { "session-token": await gateway.signIn("ada") };
    const asked = () => gateway.ask("{ users { totalCount } }", {}, headers);
    expect((await asked()).errors?.[0]?.extensions).toMatchObject({ code: "FORBIDDEN", requiredRole: "ADMIN" });
    expect(await change("updateUserRoles", { userId, roles: ["ADMIN"] })).toMatchObject({ user: { roles: ["ADMIN"] } });
    expect((await asked()).data).toEqual({ users: { totalCount: 2 } });
  });

  it("refuses to take the role ADMIN from the last who has it, also when two are asked at once", async () => {
    const refused = await change("updateUserRoles", { userId: globalId(admin.id), roles: ["VIEWER"] });
    expect(refused).toMatchObject({ code: "CONFLICT", message: "root is the last local user with the role ADMIN." });
    const other = await aUser(db.database, "other", ["ADMIN"]);
    const both = await Promise.all(
      [admin.id, other].map((id) =>
        gateway.services.users.setRoles(asAdmin(), { userId: id, roles: ["VIEWER"] }).catch((error: unknown) => error),
      ),
    );
    expect(both.filter((one) => one instanceof Error)).toHaveLength(1);
  });

  it("answers NOT_FOUND for nobody, and for somebody who was removed", async () => {
    const removed = await aUser(db.database, "ada", ["VIEWER"]);
    await change("removeUser", { userId: globalId(removed) });
    for (const id of [removed, "0190aaaa-0000-7000-8000-000000000000"]) {
      for (const [mutation, input] of [
        ["updateUserRoles", { roles: ["VIEWER"] }],
        ["setUserPassword", { password: ada.password }],
        ["removeUser", {}],
      ] as const)
        expect(await change(mutation, { userId: globalId(id), ...input })).toMatchObject({ code: "NOT_FOUND" });
    }
  });
});

describe("setUserPassword and removeUser", () => {
  it.each(["setUserPassword", "removeUser"] as const)(
    "%s ends the user's sessions: sockets close with 4401, and the old password is worth nothing",
    async (mutation) => {
      const userId = globalId(await aUser(db.database, "ada", ["VIEWER"]));
      const token = await gateway.signIn("ada");
      const socket = await rawSocket(gateway.url, { sessionToken: token });
      await socket.next("connection_ack");
      await change(mutation, { userId, ...(mutation === "setUserPassword" ? { password: "another password" } : {}) });
      expect((await socket.closed).code).toBe(4401);
      expect(await gateway.sessions.authenticate(token)).toEqual({ state: "unknown" });
      await expect(gateway.signIn("ada")).rejects.toThrow("do not match");
    },
  );

  it("endSessions ends the user's sessions, and nothing else: who is removed is none to end them of", async () => {
    const userId = globalId(await aUser(db.database, "ada", ["VIEWER"]));
    const token = await gateway.signIn("ada");
    const socket = await rawSocket(gateway.url, { sessionToken: token });
    await socket.next("connection_ack");
    expect(await change("endSessions", { userId })).toEqual({
      __typename: "EndSessionsPayload",
      user: { name: "ada", removedAt: null },
    });
    expect((await socket.closed).code).toBe(4401);
    expect(await gateway.sessions.authenticate(token)).toEqual({ state: "unknown" });
    expect(await gateway.signIn("ada")).toEqual(expect.any(String));
    await change("removeUser", { userId });
    expect(await change("endSessions", { userId })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("a password that is changed while the old one is being verified signs nobody in", async () => {
    const userId = await aUser(db.database, "ada", ["VIEWER"]);
    await using client = await holding(db.database, "UPDATE user_account SET password_hash = 'changed' WHERE id = $1", [userId]);
    const signingIn = gateway.signIn("ada").catch((error: unknown) => error);
    const waits = () =>
      db.database.pool.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO session%'");
    await expect.poll(async () => (await waits()).rowCount).toBeGreaterThan(0);
    await client.query("COMMIT");
    expect(await signingIn).toMatchObject({ message: "User and password do not match." });
  });

  it("a new password does not lift the throttle of failed sign-ins", async () => {
    const userId = await aUser(db.database, "hurried", ["VIEWER"]);
    const signIn = (password: string) =>
      gateway.ask(`mutation { createSession(input: { user: "hurried", password: "${password}" }) { __typename } }`);
    for (let i = 0; i < 5; i++) expect((await signIn("a wrong password")).status).toBe(401);
    await gateway.services.users.setPassword(asAdmin(), { userId, password: "another password" });
    expect((await signIn("another password")).status).toBe(429);
  });

  it("removeUser is refused for oneself, and for the last administrator", async () => {
    expect(await change("removeUser", { userId: globalId(admin.id) })).toMatchObject({
      code: "CONFLICT",
      message: "Nobody can remove themselves.",
    });
    const by = { userId: "0190aaaa-0000-7000-8000-000000000000", name: "local/somebody" };
    await expect(gateway.services.users.remove(by, { userId: admin.id })).rejects.toThrow("the last local user with the role ADMIN");
  });

  it("keeps the row, so that history has the name", async () => {
    const userId = await aUser(db.database, "ada", ["VIEWER"]);
    expect(await change("removeUser", { userId: globalId(userId) })).toMatchObject({
      user: { name: "ada", removedAt: expect.any(String) },
    });
    expect(await db.database.prisma.user.count()).toBe(2);
  });
});

describe("users", () => {
  beforeEach(async () => {
    for (const name of ["bob", "Ada", "eve"]) await aUser(db.database, name, name === "eve" ? ["EDITOR", "VIEWER"] : ["VIEWER"]);
    const eve = await db.database.prisma.user.findFirstOrThrow({ where: { name: "eve" } });
    await gateway.services.users.remove(asAdmin(), { userId: eve.id });
  });
  const listed = async (args: string) => {
    const { data } = await gateway.ask(`{ users${args} { totalCount nodes { name } } }`, {}, admin.headers);
    return JSON.parse(JSON.stringify(data)).users.nodes.map(({ name }: { name: string }) => name);
  };

  it.each([
    ["", ["Ada", "bob", "root"]],
    ["(orderBy: { field: NAME, direction: DESC }, first: 2)", ["root", "bob"]],
    ['(filter: { name: "D" })', ["Ada"]],
    ["(filter: { role: ADMIN })", ["root"]],
    ["(filter: { removed: true })", ["eve"]],
    ["(filter: { removed: true, role: ADMIN })", []],
  ])("lists %s", async (args, names) => {
    expect(await listed(args)).toEqual(names);
  });

  it("are found by node for an administrator, and by nobody else", async () => {
    const bob = await db.database.prisma.user.findFirstOrThrow({ where: { name: "bob" } });
    const query = "query ($id: ID!) { node(id: $id) { ... on User { name roles } } nodes(ids: [$id]) { __typename } }";
    const variables = { id: globalId(bob.id) };
    expect((await gateway.ask(query, variables, admin.headers)).data).toEqual({
      node: { name: "bob", roles: ["VIEWER"] },
      nodes: [{ __typename: "User" }],
    });
    const viewer = { "session-token": await gateway.signIn("bob") };
    expect((await gateway.ask(query, variables, viewer)).data).toEqual({ node: null, nodes: [null] });
  });
});

it("no password stands anywhere in the database", async () => {
  const secret = "a very secret one";
  await change("createUser", { ...ada, password: secret, idempotencyKey: "k" });
  await change("createUser", { ...ada, password: secret });
  await gateway.ask(`mutation { createSession(input: { user: "ada", password: "${secret}" }) { __typename } }`);
  await gateway.ask(`mutation { createSession(input: { user: "ada", password: "${secret}!" }) { __typename } }`);
  const { rows: tables } = await db.database.pool.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  const { createHash } = await import("node:crypto");
  const traces = [secret, createHash("sha256").update(secret).digest("hex"), testPassword];
  for (const { tablename } of tables) {
    const { rows } = await db.database.pool.query(`SELECT t::text FROM "${tablename}" t`);
    for (const trace of traces) expect(JSON.stringify(rows), tablename).not.toContain(trace);
  }
});
