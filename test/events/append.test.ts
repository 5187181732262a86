import type pg from "pg";
import { v7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toJsonb } from "../../src/database/json.ts";
import { appendEvents } from "../../src/events/append.ts";
import { readChanges, readNewest, readPrompts, readRecovery } from "../../src/events/log.ts";
import type { LoggedEvent } from "../../src/events/types.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";
import { aRecovery, changed, lastPosition, output, outputs, prompt, sequences, steps, until, upTo } from "./support.ts";

let db: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  db = await freshDatabase();
  pool = testPool(db.url, { max: 12 });
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

/** Resolves once the connection waits for somebody's lock. */
const waits = (client: pg.PoolClient & { processID?: number }) =>
  until(async () => {
    const { rows } = await pool.query("SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted", [client.processID]);
    return rows.length > 0;
  });

async function transaction(): Promise<pg.PoolClient> {
  const client = await pool.connect();
  await client.query("BEGIN");
  return client;
}

describe("writing", () => {
  it("numbers the events of a recovery from 1 and the log as a whole, and says what is newest", async () => {
    const [one, other] = [await aRecovery(pool), await aRecovery(pool)];
    const before = await lastPosition(pool);
    expect(await appendEvents(pool, one, outputs(3))).toEqual({ sequence: 3, position: before + 3n });
    expect(await appendEvents(pool, other, outputs(1))).toEqual({ sequence: 1, position: before + 4n });
    expect(await appendEvents(pool, one, outputs(2))).toEqual({ sequence: 5, position: before + 6n });
    const events = await readRecovery(pool, one, 0, 10);
    expect(sequences(events)).toEqual(upTo(5));
    expect(events.map((event) => event.position - before)).toEqual([1n, 2n, 3n, 5n, 6n]);
    expect(sequences(await readRecovery(pool, one, 2, 2))).toEqual([3, 4]);
    expect(sequences(await readNewest(pool, one, 2))).toEqual([4, 5]);
  });

  it("keeps an event as it was, with time, version and recovery", async () => {
    const recoveryId = await aRecovery(pool);
    const event = prompt("Check the storage");
    await appendEvents(pool, recoveryId, [event]);
    const [logged] = await readRecovery(pool, recoveryId, 0, 1);
    expect(logged).toEqual({
      position: expect.any(BigInt),
      recoveryId,
      sequence: 1,
      occurredAt: expect.any(Date),
      version: 1,
      event,
    });
  });

  it("takes whatever a command prints", async () => {
    const recoveryId = await aRecovery(pool);
    await appendEvents(pool, recoveryId, [output(`a\0b \uD800 c\\u0000 "quoted" {x,y} \u{1F600}`)]);
    const [logged] = await readRecovery(pool, recoveryId, 0, 1);
    expect(logged?.event).toMatchObject({ text: `a\uFFFDb \uFFFD c\\u0000 "quoted" {x,y} \u{1F600}` });
  });

  it("keeps changes of steps that are written together in few rows, and numbers and gives each of them as if it had its own", async () => {
    const [recoveryId, other] = [await aRecovery(pool), await aRecovery(pool)];
    const before = await lastPosition(pool);
    const written = [...steps(3), prompt("a"), ...steps(70), output("b"), ...steps(1)];
    const changes = [changed("TASK_CHANGED", "t")];
    expect(await appendEvents(pool, recoveryId, written, changes)).toEqual({ sequence: 76, position: before + 76n });
    await appendEvents(pool, other, steps(2));
    await appendEvents(pool, recoveryId, steps(2));
    const { rows } = await pool.query("SELECT sequence, version FROM event WHERE recovery_id = $1 ORDER BY sequence", [recoveryId]);
    expect(rows.map(({ sequence, version }) => [sequence, version])).toEqual([
      ...[
        [3, 2],
        [4, 1],
        [36, 2],
        [68, 2],
        [74, 2],
        [75, 1],
      ],
      ...[
        [76, 1],
        [78, 2],
      ],
    ]); // prettier-ignore
    const all = await readRecovery(pool, recoveryId, 0, 1_000);
    const stored: unknown = JSON.parse(toJsonb([...written, ...steps(2)]));
    expect(all.map(({ event }) => event)).toEqual(stored);
    expect(sequences(all)).toEqual(upTo(78));
    const positions = [...upTo(76), 80, 81].map((place) => before + BigInt(place));
    expect(all.map(({ position }) => position)).toEqual(positions);
    expect((await readChanges(pool, before, 10)).entries.map(({ position }) => position - before)).toEqual([77n]);
  });

  it("gives any part of what was written together: from any place on, of any length, or the newest", async () => {
    const recoveryId = await aRecovery(pool);
    for (const count of [40, 1, 33, 2]) await appendEvents(pool, recoveryId, steps(count));
    const count = 76;
    for (const after of [0, 1, 30, 31, 32, 33, 39, 40, 41, 42, 73, 74, 75, 76, 77])
      for (const limit of [1, 2, 32, 33, 50, 100]) {
        const expected = upTo(count).filter((sequence) => sequence > after && sequence <= after + limit);
        expect(sequences(await readRecovery(pool, recoveryId, after, limit)), `${limit} after ${after}`).toEqual(expected);
      }
    for (const limit of [1, 2, 3, 34, 35, 36, 75, 76, 100])
      expect(sequences(await readNewest(pool, recoveryId, limit)), `newest ${limit}`).toEqual(upTo(count).slice(-limit));
    expect(await readNewest(pool, await aRecovery(pool), 5)).toEqual([]);
  });

  it("refuses a recovery that does not exist, and leaves the counter as it is", async () => {
    const before = await lastPosition(pool);
    await expect(appendEvents(pool, v7(), outputs(1))).rejects.toThrow("does not exist");
    expect(await lastPosition(pool)).toBe(before);
  });

  it("leaves no gap when a transaction is rolled back", async () => {
    const recoveryId = await aRecovery(pool);
    const before = await lastPosition(pool);
    const client = await transaction();
    await appendEvents(client, recoveryId, outputs(5));
    await client.query("ROLLBACK");
    client.release();
    expect(await appendEvents(pool, recoveryId, outputs(1))).toEqual({ sequence: 1, position: before + 1n });
  });

  it("logs what has changed with a run's events behind them, in one go and without a gap", async () => {
    const recoveryId = await aRecovery(pool);
    const before = await lastPosition(pool);
    const changes = [changed("TASK_CHANGED", "a"), changed("VM_CHANGED", "b")];
    expect(await appendEvents(pool, recoveryId, outputs(2), changes)).toEqual({ sequence: 2, position: before + 2n });
    const { entries, upTo: reached } = await readChanges(pool, before, 10);
    expect(entries.map(({ position, change }) => [position - before, change])).toEqual([
      [3n, changes[0]],
      [4n, changes[1]],
    ]);
    expect([reached, await lastPosition(pool)]).toEqual([before + 4n, before + 4n]);
    expect(await appendEvents(pool, recoveryId, [], changes)).toEqual({ sequence: 2, position: before + 4n });
    expect(await appendEvents(pool, recoveryId, outputs(1))).toEqual({ sequence: 3, position: before + 7n });
  });

  it("logs no change either when there is no such run", async () => {
    const before = await lastPosition(pool);
    await expect(appendEvents(pool, v7(), outputs(1), [changed("TASK_CHANGED", "a")])).rejects.toThrow("does not exist");
    expect(await lastPosition(pool)).toBe(before);
  });
});

describe("reading in commit order", () => {
  it("misses an event when positions come from a sequence: the later one commits first", async () => {
    await pool.query("CREATE TABLE plain_log (position bigserial PRIMARY KEY)");
    const read = async (after: string) =>
      (await pool.query<{ position: string }>("SELECT position FROM plain_log WHERE position > $1", [after])).rows.map(
        (row) => row.position,
      );
    const slow = await transaction();
    await slow.query("INSERT INTO plain_log DEFAULT VALUES");
    await pool.query("INSERT INTO plain_log DEFAULT VALUES");
    expect(await read("0")).toEqual(["2"]);
    await slow.query("COMMIT");
    slow.release();
    expect(await read("2")).toEqual([]); // and so nobody ever sees 1
    expect(await read("0")).toEqual(["1", "2"]);
  });

  it("misses nothing in the same race with the counter: the second writer waits for the first", async () => {
    const [one, other] = [await aRecovery(pool), await aRecovery(pool)];
    const before = await lastPosition(pool);
    const [slow, quick] = [await transaction(), await pool.connect()];
    await appendEvents(slow, one, [prompt("first")]);
    const second = appendEvents(quick, other, [prompt("second")]);
    await waits(quick);
    expect(await readPrompts(pool, before, 10)).toEqual({ entries: [], upTo: before });
    await slow.query("COMMIT");
    await second;
    const { entries: events, upTo: reached } = await readPrompts(pool, before, 10);
    expect(events.map(({ position, recoveryId }) => [position - before, recoveryId])).toEqual([
      [1n, one],
      [2n, other],
    ]);
    expect(reached).toBe(before + 2n);
    slow.release();
    quick.release();
  });

  it("shows one reader every event of 8 writers, in order, while they write", async () => {
    const recoveries = await Promise.all(upTo(4).map(() => aRecovery(pool)));
    const before = await lastPosition(pool);
    let writing = 8;
    const writers = upTo(8).map(async (writer) => {
      for (let round = 0; round < 40; round++) {
        const recoveryId = recoveries[(writer + round) % recoveries.length] ?? "";
        await appendEvents(
          pool,
          recoveryId,
          upTo(1 + (round % 3)).map((n) => prompt(`${writer}/${round}/${n}`)),
        );
      }
      writing--;
    });
    const seen: LoggedEvent[] = [];
    let [after, reads] = [before, 0];
    for (let done = false; !done; reads++) {
      done = writing === 0; // asked before reading, or the last events fall in between
      const page = await readPrompts(pool, after, 50);
      seen.push(...page.entries);
      after = page.upTo;
      done &&= page.entries.length === 0;
    }
    await Promise.all(writers);
    expect(reads).toBeGreaterThan(10);
    expect(seen.map((event) => event.position)).toEqual(upTo(seen.length).map((n) => before + BigInt(n)));
    expect(before + BigInt(seen.length)).toBe(await lastPosition(pool));
    for (const id of recoveries) {
      const own = seen.filter((event) => event.recoveryId === id);
      expect(sequences(own)).toEqual(upTo(own.length));
    }
  });

  it("goes on behind events of other kinds, and stops at a full page", async () => {
    const recoveryId = await aRecovery(pool);
    const before = await lastPosition(pool);
    await appendEvents(pool, recoveryId, [prompt("a"), ...outputs(3), prompt("b"), prompt("c"), ...outputs(2)]);
    const first = await readPrompts(pool, before, 2);
    expect([sequences(first.entries), first.upTo]).toEqual([[1, 5], before + 5n]);
    const second = await readPrompts(pool, first.upTo, 2);
    expect([sequences(second.entries), second.upTo]).toEqual([[6], before + 8n]);
    expect(await readPrompts(pool, second.upTo, 2)).toEqual({ entries: [], upTo: before + 8n });
  });
});
