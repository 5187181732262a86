import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { statementNames } from "../../src/database/statement-names.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

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
  it("are the same for the same text, and end at the limit", () => {
    const name = statementNames(2);
    expect([name({ sql: "a" }), name({ sql: "b" }), name({ sql: "a" }), name({ sql: "c" })]).toEqual([
      "prisma_1",
      "prisma_2",
      "prisma_1",
      "",
    ]);
  });
});
