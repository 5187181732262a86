/** People change their own password. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rawSocket } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway, testPassword } from "../support/real-gateway.ts";

let db: TestDatabase;
let gateway: RealGateway;
beforeAll(async () => {
  db = await freshDatabase();
  gateway = await realGateway(db.database);
});
beforeEach(() => db.database.pool.query("TRUNCATE user_account, session, audit_record, idempotency_key CASCADE"));
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

const mutation = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename ... on Error { code message remedy }
  ... on InvalidRequestError { fieldErrors { path message } } ... on ChangePasswordPayload { user { name } } } }`;

const change = async (input: object, headers: Record<string, string>) => {
  const { data, errors } = await gateway.ask(mutation, { input }, headers);
  expect(errors).toBeUndefined();
  return data?.changePassword;
};

describe("changePassword", () => {
  const wanted = "my own new password";
  const signedIn = async (name: string) => {
    await aUser(db.database, name, ["VIEWER"]);
    return { "session-token": await gateway.signIn(name) };
  };
  const input = { currentPassword: testPassword, newPassword: wanted };

  it("ends the user's other sessions and keeps this one; the old password is worth nothing", async () => {
    const headers = await signedIn("ada");
    const other = await gateway.signIn("ada");
    const socket = await rawSocket(gateway.url, { sessionToken: other });
    await socket.next("connection_ack");
    expect(await change(input, headers)).toEqual({ __typename: "ChangePasswordPayload", user: { name: "ada" } });
    expect((await socket.closed).code).toBe(4401);
    expect(await gateway.sessions.authenticate(other)).toEqual({ state: "unknown" });
    expect(await gateway.sessions.authenticate(headers["session-token"])).toMatchObject({ state: "valid" });
    await expect(gateway.signIn("ada")).rejects.toThrow("do not match");
    expect(await gateway.signIn("ada", wanted)).toEqual(expect.any(String));
  });

  it("is audited, and neither password is kept anywhere", async () => {
    const headers = await signedIn("ada");
    await change({ ...input, idempotencyKey: "k" }, headers);
    const { rows } = await db.database.pool.query(
      "SELECT user_name, target_type, outcome FROM audit_record WHERE operation = 'changePassword'",
    );
    expect(rows).toEqual([{ user_name: "ada", target_type: "User", outcome: "SUCCEEDED" }]);
    for (const table of ["audit_record", "idempotency_key", "event", "user_account"]) {
      const { rows: all } = await db.database.pool.query(`SELECT x::text AS text FROM ${table} x`);
      for (const { text } of all) expect(text).not.toMatch(new RegExp(`${testPassword}|${wanted}`));
    }
  });

  it("is refused with what is wrong, and changes nothing", async () => {
    const headers = await signedIn("ada");
    const refused = async (more: object, ...paths: string[]) => {
      const answer = await change({ ...input, ...more }, headers);
      expect(answer).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: paths.map((path) => ({ path: [path] })) });
    };
    await refused({ currentPassword: "not my password" }, "currentPassword");
    await refused({ newPassword: "elevenchars" }, "newPassword");
    await refused({ newPassword: testPassword }, "newPassword");
    await refused({ currentPassword: "x".repeat(1025), newPassword: "" }, "currentPassword", "newPassword");
    expect(await gateway.signIn("ada")).toEqual(expect.any(String));
  });

  it("is done once for a key, and loses to a change at the same moment", async () => {
    const headers = await signedIn("ada");
    const keyed = { ...input, idempotencyKey: "k" };
    await change(keyed, headers);
    expect(await change(keyed, headers)).toMatchObject({ user: { name: "ada" } });
    const both = ["another new password", "yet another password"].map((newPassword) =>
      change({ currentPassword: wanted, newPassword }, headers),
    );
    const outcomes = await Promise.all(both);
    expect(outcomes.filter((outcome) => Object(outcome).user)).toHaveLength(1);
  });

  it("wrong current passwords count as failed sign-ins", async () => {
    const headers = await signedIn("guessed");
    const guess = () => gateway.ask(mutation, { input: { ...input, currentPassword: "a guess of mine" } }, headers);
    for (let i = 0; i < 5; i++) expect((await guess()).data?.changePassword).toMatchObject({ code: "INVALID_REQUEST" });
    const { errors } = await guess();
    expect(errors?.[0]?.extensions).toMatchObject({ code: "SERVICE_UNAVAILABLE", limit: 5 });
    expect((await gateway.ask(mutation, { input }, headers)).errors).toHaveLength(1);
  });

  it("matches nothing where somebody has put no hash in the password's place, nor does a sign-in", async () => {
    const headers = await signedIn("locked");
    await db.database.pool.query("UPDATE user_account SET password_hash = '!' WHERE name = 'locked'");
    expect(await change(input, headers)).toMatchObject({ fieldErrors: [{ path: ["currentPassword"] }] });
    await expect(gateway.signIn("locked")).rejects.toThrow("do not match");
  });

  it("is none for somebody whom an identity provider knows", async () => {
    const viewer = { userId: "0190aaaa-0000-7000-8000-000000000000", name: "oidc/ada", roles: new Set(["VIEWER"] as const) };
    const by = { ...viewer, sessionId: "oidc x", expiresAt: new Date() };
    await expect(gateway.services.ownPassword.change(by, "here", input)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("identity provider"),
    });
  });
});
