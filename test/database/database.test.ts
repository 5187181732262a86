import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { watchAnswers } from "../../src/database/answers-in-time.ts";
import { openDatabase } from "../../src/database/database.ts";
import { statementNames } from "../../src/database/statement-names.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { outageBefore } from "../support/outage.ts";
import { testPool } from "../support/pool.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const ended = (client: pg.ClientBase) => new Promise((resolve) => client.once("end", resolve));

async function backendOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? 0;
}

describe("the database", () => {
  it("has time-outs on each connection, and speaks UTC", async () => {
    const { rows } = await db.database.pool.query(
      "SELECT current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle",
    );
    expect(rows).toEqual([{ zone: "UTC", statement: "30s", idle: "2s" }]);
  });

  it("gives back the rows of a client that stands still inside a transaction, and goes on", async () => {
    const client = await db.database.pool.connect();
    await client.query("BEGIN; UPDATE event_counter SET value = value");
    const ends = ended(client);
    await db.database.pool.query("UPDATE event_counter SET value = value");
    await ends;
    client.release(true);
    expect(await db.database.prisma.eventCounter.count()).toBe(1);
  });

  it("lives on when its connections are broken, idle or in use, and tells of them", async () => {
    const lost: string[] = [];
    const database = await openDatabase({ url: db.url, onConnectionLost: ({ message }) => lost.push(message) });
    const [used, idle] = [await database.pool.connect(), await database.pool.connect()];
    const pids = [await backendOf(used), await backendOf(idle)];
    const end = Promise.all([ended(used), ended(idle)]);
    idle.release();
    await db.database.pool.query("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", [pids]);
    await end;
    used.release(true);
    expect(await database.prisma.eventCounter.count()).toBe(1);
    expect(lost.length).toBeGreaterThan(0);
    await database.close();
  });

  it("gives up on a server that is gone without a word, and goes on with another connection", async () => {
    const outage = await outageBefore(db.url);
    const pool = testPool(outage.url, { max: 1 });
    const unwatch = watchAnswers(pool, { ms: 50, lookMs: 10 });
    await pool.query("SELECT 1");
    outage.silence();
    await expect(pool.query("SELECT 2")).rejects.toThrow("Connection terminated");
    expect((await pool.query("SELECT 3 AS three")).rows).toEqual([{ three: 3 }]);
    unwatch();
    await pool.end();
    await outage.close();
  });

  it("gives up on a server that lets a connection in and is gone then", async () => {
    const outage = await outageBefore(db.url);
    const database = await openDatabase({ url: outage.url });
    outage.silenceStatements();
    await expect(database.pool.query("SELECT 1")).rejects.toThrow(/timeout/);
    await database.close();
    await outage.close();
  });

  it("gives raw bigints as text and Prisma's as BigInt", async () => {
    expect((await db.database.pool.query("SELECT value FROM event_counter")).rows).toEqual([{ value: "0" }]);
    expect(await db.database.prisma.eventCounter.findFirst()).toMatchObject({ id: 1, value: 0n, keptAfter: 0n });
  });

  it("takes dr_now() for stored times, which tests move", async () => {
    const own = await freshDatabase();
    await own.shiftClock(86_400);
    const { createdAt } = await own.database.prisma.user.create({ data: { name: "Ada", passwordHash: "x" } });
    expect(createdAt.getTime() - Date.now()).toBeGreaterThan(80_000_000);
    await own.drop();
  });

  it("tells the time in whole milliseconds, as columns hold it: what is due now is due for whoever asks next", async () => {
    const { rows } = await db.database.pool.query(
      "SELECT count(*)::int AS late FROM generate_series(1, 1000) WHERE dr_now()::timestamptz(3) > dr_now()",
    );
    expect(rows).toEqual([{ late: 0 }]);
  });

  it("prepares Prisma's statements", async () => {
    const { prisma, pool } = await openDatabase({ url: db.url, poolSize: 1 });
    await prisma.site.findMany();
    const { rows } = await pool.query("SELECT name FROM pg_prepared_statements");
    expect(rows).toEqual([{ name: "prisma_1" }]);
    await prisma.$disconnect();
    await pool.end();
  });

  it("closes once, however often it is asked", async () => {
    const database = await openDatabase({ url: db.url });
    await Promise.all([database.close(), database.close()]);
    await expect(database.pool.query("SELECT 1")).rejects.toThrow();
  });

  it("tells of no connection that the server ends while it closes: an orderly stop ends both", async () => {
    const lost: Error[] = [];
    const database = await openDatabase({ url: db.url, onConnectionLost: (error) => lost.push(error) });
    const client = await database.pool.connect();
    const end = ended(client);
    const pid = await backendOf(client);
    const closing = database.close();
    await db.database.pool.query("SELECT pg_terminate_backend($1)", [pid]);
    await end;
    client.release(true);
    await closing;
    expect(lost).toEqual([]);
  });
});

describe("statement names", () => {
  it("are few: the longest unused one gives way to a text that is used again, now and then", () => {
    let now = 0;
    const name = statementNames({ prefix: "p", most: 2, everyMs: 10, now: () => now });
    expect([name("a"), name("b"), name("a")]).toEqual(["p1", "p2", "p1"]);
    expect([name("c"), name("c"), name("a")]).toEqual([undefined, "p3", "p1"]);
    expect([name("b"), name("b"), name("c")]).toEqual([undefined, undefined, "p3"]);
    now = 10;
    expect([name("b"), name("c"), name("a"), name("a")]).toEqual(["p4", "p3", undefined, undefined]);
  });
});
