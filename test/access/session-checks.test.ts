/** What is asked for each event of each subscriber: whatever ends or changes somebody's access is seen from its commit on. */
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/domain/access/password.ts";
import type { SessionCheck } from "../../src/domain/access/session-checks.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
let sessions: Sessions;
/** Names of the statements that were sent, in order. */
let sent: string[];
/** Happens between a statement's answer and its being told. */
let afterStatement: (name: string) => Promise<unknown> = async () => {};
beforeAll(async () => {
  db = await freshDatabase();
  const { pool } = db.database;
  const query = new Proxy(pool.query, {
    async apply(target, _this, args) {
      const { name } = args[0];
      sent.push(name);
      const answer = await Reflect.apply(target, pool, args);
      await afterStatement(name);
      return answer;
    },
  });
  sessions = openSessions({ query }, { sessionHours: 8 });
});
afterAll(() => db.drop());

let passwordHash: string;
beforeEach(async () => {
  passwordHash ??= await hashPassword("right");
  await run("TRUNCATE user_account, session CASCADE");
  await db.database.prisma.user.createMany({ data: ["ada", "bob"].map((name) => ({ name, passwordHash, roles: ["VIEWER"] })) });
  sent = [];
});

const run = (text: string, values: unknown[] = []) => db.database.pool.query(text, values);
const holds = (check: SessionCheck) => new Promise<boolean>((resolve, reject) => check(resolve, reject)());
const signIn = async (user = "ada") => {
  const { token, viewer } = await sessions.create({ user, password: "right" }, "here");
  const found = await sessions.authenticate(token);
  if (found.state !== "valid" || found.holds === undefined) throw new Error(`The session is ${found.state}.`);
  sent = [];
  return { token, sessionId: viewer.sessionId, check: found.holds };
};
const someClient = async () => {
  const client = await db.database.pool.connect();
  await client.query("SET lock_timeout = '10s'");
  return {
    query: (text: string, values: unknown[] = []): Promise<pg.QueryResult> => client.query(text, values),
    [Symbol.dispose]: () => client.release(true),
  };
};

describe("as long as nobody's access has changed", () => {
  it("one statement answers all who ask at once, and each of their sessions holds", async () => {
    const all = [await signIn(), await signIn(), await signIn("bob")];
    expect(await Promise.all([...all, ...all].map(({ check }) => holds(check)))).toEqual(Array(6).fill(true));
    expect(sent).toEqual(["access-version"]);
  });

  it("who asks while others are being answered is answered by a later statement", async () => {
    const [ada, bob] = [await signIn(), await signIn("bob")];
    let late: Promise<boolean> | null = null;
    afterStatement = async () => {
      afterStatement = async () => {};
      await run("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [bob.sessionId]);
      late = holds(bob.check);
    };
    expect(await holds(ada.check)).toBe(true);
    expect(await late).toBe(false);
  });

  it("sessions are not looked at for others' signing in, nor for new users", async () => {
    const { check } = await signIn();
    await signIn("bob");
    await db.database.prisma.user.create({ data: { name: "new", passwordHash, roles: ["ADMIN"] } });
    expect(await holds(check)).toBe(true);
    expect(sent).toEqual(["access-version"]);
  });
});

describe("a session holds no more", () => {
  it.each([
    ["it is deleted", "UPDATE session SET deleted_at = dr_now() WHERE id = $1"],
    ["it is removed", "DELETE FROM session WHERE id = $1"],
    ["it gets another end", "UPDATE session SET expires_at = expires_at + interval '1 hour' WHERE id = $1"],
    ["it is gone with all others", "TRUNCATE session"],
    ["its user is disabled", "UPDATE user_account SET disabled_at = dr_now() WHERE name = 'ada'"],
    ["its user gets other roles", "UPDATE user_account SET roles = '{ADMIN}' WHERE name = 'ada'"],
    ["its user gets another password", "UPDATE user_account SET password_hash = 'another' WHERE name = 'ada'"],
    ["its user gets another name", "UPDATE user_account SET name = 'adele' WHERE name = 'ada'"],
    ["its user is removed", "DELETE FROM user_account WHERE name = 'ada'"],
    ["its user is gone with all others", "TRUNCATE user_account CASCADE"],
  ])("once %s", async (_what, text) => {
    const { check, sessionId } = await signIn();
    expect(await holds(check)).toBe(true);
    await run(text, text.includes("$1") ? [sessionId] : []);
    expect(await holds(check)).toBe(false);
    expect(await holds(check)).toBe(false);
  });

  it("once it is expired by the database's clock, though nothing was written", async () => {
    const { check } = await signIn();
    try {
      await db.shiftClock(8 * 3600 - 60);
      expect(await holds(check)).toBe(true);
      await db.shiftClock(8 * 3600 + 1);
      expect(await holds(check)).toBe(false);
      expect(sent).toEqual(["access-version", "access-version"]);
    } finally {
      await db.shiftClock(0);
    }
  });

  it("from the commit of what changed it, and not before", async () => {
    const { check, sessionId } = await signIn();
    using client = await someClient();
    await client.query("BEGIN");
    await client.query("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [sessionId]);
    expect(await holds(check)).toBe(true); // whoever looked at it now would find it unchanged, and remember that
    await client.query("COMMIT");
    expect(await holds(check)).toBe(false);
  });

  it("when it is changed just after it was looked at because of somebody else", async () => {
    const [ada, bob] = [await signIn(), await signIn("bob")];
    await sessions.remove(bob.token);
    afterStatement = async (name) => {
      if (name !== "sessions-changed") return;
      afterStatement = async () => {};
      await run("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [ada.sessionId]);
    };
    expect(await holds(ada.check)).toBe(true);
    expect(await holds(ada.check)).toBe(false);
  });

  it("where nothing is known of changes, and otherwise each is looked at by itself", async () => {
    const { check, sessionId } = await signIn();
    await run("DELETE FROM access_version");
    try {
      expect(await holds(check)).toBe(true);
      expect(sent).toEqual(["access-version", "sessions-changed"]);
      await run("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [sessionId]);
      expect(await holds(check)).toBe(false);
    } finally {
      await run("INSERT INTO access_version (id) VALUES (1)");
    }
  });
});

it("a session of somebody else that ends costs the others one look, and they hold", async () => {
  const [ada, bob] = [await signIn(), await signIn("bob")];
  await sessions.remove(bob.token);
  sent = [];
  for (let n = 0; n < 3; n++) expect(await holds(ada.check)).toBe(true);
  expect(sent).toEqual(["access-version", "sessions-changed", "access-version", "access-version"]);
});

it("asks the database, and fails with it", async () => {
  const { check } = await signIn();
  afterStatement = () => Promise.reject(new Error("away"));
  await expect(holds(check)).rejects.toThrow("away");
  afterStatement = async () => {};
  expect(await holds(check)).toBe(true);
});

describe("transactions that change somebody's access", () => {
  it("do not lock each other out, whatever they change first", async () => {
    const { sessionId } = await signIn();
    using administrator = await someClient();
    using own = await someClient();
    await administrator.query("BEGIN");
    await administrator.query("UPDATE user_account SET disabled_at = dr_now() WHERE name = 'ada'");
    await own.query("BEGIN");
    await own.query("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [sessionId]);
    const waits = administrator.query("UPDATE session SET deleted_at = dr_now() WHERE id = $1", [sessionId]);
    await own.query("COMMIT");
    await waits;
    await administrator.query("COMMIT");
  });

  it("write the one row once each, however many sessions they change", async () => {
    for (let n = 0; n < 5; n++) await signIn();
    using client = await someClient();
    const updates = async () =>
      (await client.query("SELECT pg_stat_get_xact_tuples_updated('access_version'::regclass)::int AS n")).rows[0].n;
    await client.query("BEGIN");
    const before = await updates();
    await client.query("UPDATE session SET deleted_at = dr_now()");
    await client.query("SET CONSTRAINTS ALL IMMEDIATE"); // as at the commit
    expect((await updates()) - before).toBe(1);
    await client.query("COMMIT");
  });
});
