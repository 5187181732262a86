import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { queryRows } from "../../src/database/row-tap.ts";
import { together } from "../../src/database/together.ts";
import { inTransactionUpTo, onOneConnection } from "../../src/database/transaction.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

describe("a transaction", () => {
  const raise = "UPDATE event_counter SET value = value + 1";
  const value = async () => (await db.database.prisma.eventCounter.findFirstOrThrow()).value;

  it("begins with what comes first and is over with what comes last, which nobody waits for in between", async () => {
    const before = await value();
    const sent: unknown[] = [];
    const query = vi.spyOn(pg.Client.prototype, "query");
    const note = () => sent.push(...query.mock.calls.splice(0).map(([text]) => text));
    const first = async (client: pg.ClientBase) => {
      const read = client.query("SELECT 1 AS one");
      note();
      return (await read).rows;
    };
    const result = await inTransactionUpTo(db.database.pool, first, async (client, found) => {
      const last = async () => {
        await client.query(raise);
        note();
      };
      return { result: found, last };
    });
    query.mockRestore();
    expect(result).toEqual([{ one: 1 }]);
    expect(sent.filter((text) => typeof text === "string")).toEqual(["BEGIN", "SELECT 1 AS one", raise, "COMMIT"]);
    expect(await value()).toBe(before + 1n);
  });

  it("writes nothing where one of its last statements fails, whatever comes behind it", async () => {
    const before = await value();
    const work = inTransactionUpTo(
      db.database.pool,
      async () => null,
      async (client) => ({
        result: null,
        last: () => Promise.all([client.query(raise), client.query("SELECT 1 / 0"), client.query(raise)]),
      }),
    );
    await expect(work).rejects.toThrow("division by zero");
    expect(await value()).toBe(before);
    expect(db.database.pool.idleCount).toBe(db.database.pool.totalCount);
  });

  it("tells why the first of those that were sent together has failed, though it is heard of last", async () => {
    const { pool } = db.database;
    const later = async (result: Promise<unknown>) => {
      await result.finally(() => new Promise((resolve) => setImmediate(resolve)));
    };
    const reading = (client: pg.ClientBase) => together([together([later(client.query("SELECT 1 / 0"))]), client.query("SELECT 1")]);
    await expect(inTransactionUpTo(pool, reading, async () => ({ result: null }))).rejects.toThrow("division by zero");
    const last = (client: pg.ClientBase) => () => together([later(client.query("SELECT 1 / 0")), client.query("SELECT 1")]);
    const writing = inTransactionUpTo(
      pool,
      async () => null,
      async (client) => ({ result: null, last: last(client) }),
    );
    await expect(writing).rejects.toThrow("division by zero");
  });
});

describe("one connection", () => {
  it("is given back, also when a statement fails while others are under way", async () => {
    const { pool } = db.database;
    const reading = onOneConnection(pool, (client) => Promise.all([client.query("SELECT 1 / 0"), client.query("SELECT 1")]));
    await expect(reading).rejects.toThrow("division by zero");
    expect(pool.idleCount).toBe(pool.totalCount);
    expect((await pool.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  });

  it("is given back when all of them are over, so that nobody hears the rows of another", async () => {
    const { pool } = db.database;
    const slow = "SELECT 1 AS n FROM pg_sleep(0.2)";
    const reading = onOneConnection(pool, (client) => Promise.all([client.query("SELECT 1 / 0"), client.query(slow)]));
    await expect(reading).rejects.toThrow("division by zero");
    expect(await queryRows(pool, { text: "SELECT 2 AS n", values: [] })).toEqual([{ n: 2 }]);
  });
});
