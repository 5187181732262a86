import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/domain/access/password.ts";
import { openSessions, type Sessions } from "../../src/domain/access/sessions.ts";
import { RateLimitError } from "../../src/domain/access/throttle.ts";
import { UnauthorizedError } from "../../src/domain/errors.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
let sessions: Sessions;
beforeAll(async () => {
  db = await freshDatabase();
  sessions = openSessions(db.database.pool, { sessionHours: 8 });
  await addUser("Ada");
});
afterAll(() => db.drop());

const addUser = async (name: string) =>
  db.database.prisma.user.create({ data: { name, passwordHash: await hashPassword("right"), roles: ["VIEWER", "OPERATOR"] } });
const signIn = (user = "ada", password = "right", address = "10.0.0.1") => sessions.create({ user, password }, address);

describe("signing in", () => {
  it("gives a token that is stored as its hash only, for eight hours", async () => {
    const { token, viewer, createdAt } = await signIn();
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(viewer).toMatchObject({ name: "Ada", roles: new Set(["VIEWER", "OPERATOR"]) });
    expect(viewer.expiresAt.getTime() - createdAt.getTime()).toBe(8 * 3_600_000);
    const stored = await db.database.pool.query("SELECT s::text FROM session s");
    expect(JSON.stringify(stored.rows)).not.toContain(token);
    const found = await sessions.authenticate(token);
    expect(found).toMatchObject({ state: "valid", viewer: { ...viewer } });
  });

  it.each([
    ["a wrong password", "ada", "wrong"],
    ["an unknown user", "nobody", "right"],
    ["the password nobody has", "nobody", "nobody has this password"],
    ["a user with a NUL", "ada\0", "right"],
    ["a password with a NUL", "ada", "right\0"],
  ])("refuses %s in the same words", async (_name, user, password) => {
    const refused = await signIn(user, password, "10.0.0.2").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnauthorizedError);
    expect(refused).toMatchObject({
      message: "User and password do not match.",
      remedy: "Check user and password, and try again.",
      expiredAt: null,
    });
  });

  it("refuses a disabled user, whose sessions are over too", async () => {
    const { id } = await addUser("Bob");
    const { token, viewer } = await signIn("bob");
    await db.database.prisma.user.update({ where: { id }, data: { disabledAt: new Date() } });
    await expect(signIn("bob")).rejects.toThrow(UnauthorizedError);
    expect(await sessions.authenticate(token)).toEqual({ state: "unknown" });
    expect(await sessions.overAmong([viewer.sessionId])).toEqual([{ id: viewer.sessionId, expired: false }]);
  });

  it("is throttled after five failures for a user and address, and for these alone", async () => {
    const address = "10.0.0.3";
    for (let i = 0; i < 5; i++) await expect(signIn("ada", "wrong", address)).rejects.toThrow(UnauthorizedError);
    const refused = await signIn("ADA", "right", address).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ code: "SERVICE_UNAVAILABLE", limit: 5, retryAfterSeconds: expect.any(Number) });
    await signIn("ada", "right", "10.0.0.4");
  });

  it("is throttled also for a name with a NUL", async () => {
    for (let i = 0; i < 5; i++) await expect(signIn("a\0", "x", "10.0.0.7")).rejects.toThrow(UnauthorizedError);
    await expect(signIn("a\0", "x", "10.0.0.7")).rejects.toThrow(RateLimitError);
  });

  it("is not throttled by successes", async () => {
    for (let i = 0; i < 7; i++) await signIn("ada", "right", "10.0.0.5");
  });

  it("does not let many at once past the throttle", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => signIn("ada", "wrong", "10.0.0.6")));
    const refused = outcomes.filter((one) => one.status === "rejected" && one.reason instanceof RateLimitError);
    expect(refused).toHaveLength(15);
  });
});

describe("a session", () => {
  it("is unknown once deleted, on every node at once; deleting again is a success", async () => {
    const other = openSessions(db.database.pool, { sessionHours: 8 });
    const removed: string[] = [];
    sessions.onRemoved((id) => removed.push(id));
    const { token, viewer } = await signIn();
    expect(await sessions.remove(token)).toBe(true);
    expect(removed).toEqual([viewer.sessionId]);
    expect(await sessions.remove(token)).toBe(false);
    expect(await sessions.remove("never was one")).toBe(false);
    expect(removed).toHaveLength(1);
    expect(await sessions.authenticate(token)).toEqual({ state: "unknown" });
    expect(await other.authenticate(token)).toEqual({ state: "unknown" });
    expect(await other.overAmong([viewer.sessionId])).toEqual([{ id: viewer.sessionId, expired: false }]);
  });

  it("asks for many tokens by one statement", async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => signIn()));
    const query = db.database.pool.query;
    let statements = 0;
    const counted = openSessions(
      {
        query: new Proxy(query, {
          apply: (target, _this, args) => {
            statements++;
            return Reflect.apply(target, db.database.pool, args);
          },
        }),
      },
      { sessionHours: 8 },
    );
    const found = await Promise.all(made.map(({ token }) => counted.authenticate(token)));
    expect(found.every(({ state }) => state === "valid")).toBe(true);
    expect(statements).toBe(1);
  });

  it("expires by the database's clock, and says when", async () => {
    const { token, viewer } = await signIn();
    await db.shiftClock(8 * 3600 - 60);
    const late = await sessions.authenticate(token);
    expect(late.state === "valid" && late.remainingMs).toBeLessThan(60_000);
    await db.shiftClock(8 * 3600 + 1);
    expect(await sessions.authenticate(token)).toEqual({ state: "expired", expiredAt: viewer.expiresAt });
    expect(await sessions.overAmong([viewer.sessionId])).toEqual([{ id: viewer.sessionId, expired: true }]);
    await db.shiftClock(0);
  });
});
