import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendEvents } from "../../src/events/append.ts";
import { appendChanges } from "../../src/events/changes.ts";
import { readChanges, readEnds, readRecovery } from "../../src/events/log.ts";
import { expireEvents } from "../../src/events/retention.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aRecovery, changed, lastPosition, outputs, upTo } from "./support.ts";

const [day, hour] = [86_400, 3_600];
let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.shiftClock(0);
  await db.database.pool.query(
    "DELETE FROM event; UPDATE event_counter SET value = 0, kept_after = 0, removed_count = 0, removed_position = 0, removed_hash = NULL",
  );
});

const pool = () => db.database.pool;
const change = (...names: string[]) =>
  appendChanges(
    pool(),
    names.map((name) => changed("PLAN_CHANGED", name)),
  );
const expire = (signal = new AbortController().signal) => expireEvents(pool(), 30 * day, signal);
const names = async () => (await readChanges(pool(), 0n, 100_000)).entries.map(({ change: { name } }) => name);
const keptAfter = async () => (await readEnds(pool())).keptAfter;

describe("events outside of runs", () => {
  it("stay for 30 days, then cursors from before them expire, and an hour later they are removed", async () => {
    await change("a", "b");
    await db.shiftClock(10 * day);
    await change("c");
    await db.shiftClock(30 * day - 60);
    expect([await expire(), await keptAfter(), await names()]).toEqual([0, 0n, ["a", "b", "c"]]);
    await db.shiftClock(30 * day + 60);
    expect([await expire(), await keptAfter(), await names()]).toEqual([0, 2n, ["a", "b", "c"]]);
    await db.shiftClock(30 * day + hour + 60);
    expect([await expire(), await keptAfter(), await names()]).toEqual([2, 2n, ["c"]]);
    await db.shiftClock(40 * day + hour + 60);
    expect([await expire(), await keptAfter(), await names()]).toEqual([1, 3n, []]);
    expect(await lastPosition(pool())).toBe(3n);
  });

  it("go alone: a run's own events stay, and a cursor between them holds as long as no change behind it is gone", async () => {
    const recoveryId = await aRecovery(pool());
    await change("a");
    await appendEvents(pool(), recoveryId, outputs(3));
    await db.shiftClock(20 * day);
    await change("b");
    await appendEvents(pool(), recoveryId, outputs(2));
    await db.shiftClock(31 * day);
    expect([await expire(), await keptAfter(), await names()]).toEqual([1, 4n, ["b"]]);
    await db.shiftClock(400 * day);
    expect([await expire(), await keptAfter(), await names()]).toEqual([1, 5n, []]);
    expect((await readRecovery(pool(), recoveryId, 0, 10)).map(({ sequence }) => sequence)).toEqual(upTo(5));
  });

  it("are removed in pieces, many of them too, and a node that stops leaves the rest to the next one", async () => {
    await change(...upTo(12_000).map(String));
    await change("last");
    await db.shiftClock(32 * day);
    const stopped = new AbortController();
    stopped.abort();
    expect(await expire(stopped.signal)).toBe(0);
    expect(await keptAfter()).toBe(12_001n);
    expect([await expire(), await names()]).toEqual([12_001, []]);
    expect(await expire()).toBe(0);
  });

  it("of an empty log are none", async () => {
    expect([await expire(), await keptAfter()]).toEqual([0, 0n]);
  });
});
