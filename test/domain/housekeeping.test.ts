import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/domain/access/password.ts";
import { openSessions } from "../../src/domain/access/sessions.ts";
import { startHousekeeping } from "../../src/domain/housekeeping.ts";
import { claim, firstAnswer } from "../../src/domain/idempotency.ts";
import { appendChanges } from "../../src/events/changes.ts";
import { encodeLogCursor } from "../../src/events/cursor.ts";
import { operator } from "../support/node.ts";
import { type Asker, anAsker, generation } from "./read/support.ts";

const day = 86_400;
let asker: Asker;
beforeAll(async () => {
  asker = await anAsker();
});
afterAll(() => asker.drop());

async function tidy(): Promise<void> {
  const job = startHousekeeping({ pool: asker.database.pool, eventRetentionDays: 30, log: { info: () => {}, warn: () => {} } });
  expect(await job.run()).toBe(true);
  await job.close();
}
const count = async (table: string) => Number((await asker.database.pool.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n);

describe("housekeeping", () => {
  it("expires cursors older than the log is kept, for events and promptEvents, with the reason; newer ones hold", async () => {
    const { pool } = asker.database;
    await appendChanges(pool, [{ kind: "PLAN_CHANGED", id: uuid(), change: "UPDATED" }]);
    await asker.shiftClock(20 * day);
    await appendChanges(pool, [{ kind: "PLAN_CHANGED", id: uuid(), change: "UPDATED" }]);
    await asker.shiftClock(31 * day);
    await tidy();
    const open = async (field: string, position: bigint) => {
      const after = encodeLogCursor({ generation, position });
      const answer = await asker.watch(`subscription ($after: String) { ${field}(after: $after) { cursor } }`, { after });
      if (!("next" in answer)) return answer.errors?.[0]?.originalError;
      await answer.return?.();
      return "open";
    };
    for (const field of ["events", "promptEvents"]) {
      expect(await open(field, 0n)).toMatchObject({ code: "PRECONDITION_FAILED", reason: "CURSOR_EXPIRED" });
      expect(await open(field, 1n)).toBe("open");
    }
    await asker.shiftClock(0);
  });

  it("removes idempotency keys after 24 h, when they mean nothing any more", async () => {
    const { pool } = asker.database;
    const request = (key: string) => ({ viewer: operator, mutation: "m", key, input: {} });
    await claim(pool, request("old"), { id: "1" });
    await asker.shiftClock(day - 60);
    await claim(pool, request("new"), { id: "2" });
    await tidy();
    expect(await firstAnswer(pool, request("old"))).toEqual({ id: "1" });
    await asker.shiftClock(day + 60);
    await tidy();
    expect([await count("idempotency_key"), await firstAnswer(pool, request("new"))]).toEqual([1, { id: "2" }]);
    await asker.shiftClock(0);
  });

  it("removes sessions a week after their end; until then a token is told that it has expired", async () => {
    const { pool, prisma } = asker.database;
    const passwordHash = await hashPassword("long enough");
    await prisma.user.create({ data: { name: "olga", passwordHash, roles: ["VIEWER"] } });
    const sessions = openSessions(pool, { sessionHours: 8 });
    const { token } = await sessions.create({ user: "olga", password: "long enough" }, "127.0.0.1");
    const deleted = await sessions.create({ user: "olga", password: "long enough" }, "127.0.0.1");
    await sessions.remove(deleted.token);
    await asker.shiftClock(7 * day + 60);
    await tidy();
    expect([await count("session"), (await sessions.authenticate(token)).state]).toEqual([1, "expired"]);
    await asker.shiftClock(7 * day + 8 * 3_600 + 60);
    await tidy();
    expect([await count("session"), (await sessions.authenticate(token)).state]).toEqual([0, "unknown"]);
    await asker.shiftClock(0);
  });
});
