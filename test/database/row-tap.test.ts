/** Rows are taken out of what a connection hears; all else goes to pg as it comes. */
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { queryBytes, queryRows } from "../../src/database/row-tap.ts";
import { freshDatabase } from "../support/database.ts";
import { testPool } from "../support/pool.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let pool: pg.Pool;
/** Sends ahead, as the product's own does. */
const aPool = () => testPool(db.url, { max: 1, pipeline: true });
beforeAll(async () => {
  db = await freshDatabase();
  pool = aPool();
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

it("gives the rows that pg gives, however they come in pieces", async () => {
  const text = `SELECT n, repeat('é"', n % 97) AS text, NULL AS nothing, n % 2 = 0 AS even FROM generate_series(1, $1::int) AS n`;
  for (const count of [0, 1, 7, 20_000]) {
    const rows = await queryBytes<object>(pool, { name: "pieces", text, values: [count] });
    expect(rows.objects).toEqual((await pool.query(text, [count])).rows);
  }
});

it("takes a row that is larger than what a socket reads at once", async () => {
  const rows = await queryBytes<{ long: string }>(pool, {
    text: "SELECT repeat('x', 1000000) AS long FROM generate_series(1, $1)",
    values: [3],
  });
  expect(rows.objects.map(({ long }) => long.length)).toEqual([1_000_000, 1_000_000, 1_000_000]);
});

it("leaves the connection as it was behind a statement that fails amid its rows, or is refused", async () => {
  const text = "SELECT 1 / (5 - n) AS one FROM generate_series(1, $1::int) AS n";
  await expect(queryBytes(pool, { name: "fails", text, values: [9] })).rejects.toThrow("division by zero");
  expect((await queryBytes(pool, { name: "fails", text, values: [4] })).length).toBe(4);
  await expect(queryBytes(pool, { name: "fails", text: "SELECT 2", values: [] })).rejects.toThrow("must be unique");
  expect((await pool.query("SELECT 'plain' AS it")).rows).toEqual([{ it: "plain" }]);
});

it("asks once on each connection how the rows of a prepared statement are made", async () => {
  let described = 0;
  const client = await pool.connect();
  client.connection.on("rowDescription", () => described++);
  client.release();
  const statement = { name: "known", text: "SELECT $1::int AS n, $2::text[] AS texts, $3::timestamptz AS time, $4::bytea AS bytes" };
  const day = new Date("2026-02-03T04:05:06.789Z");
  for (const values of [
    [1, ["a", null, 'é"'], day, Buffer.from([0, 255])],
    [null, [], null, null],
    [3, ["c"], day, Buffer.from("c")],
  ]) {
    const [n, texts, time, bytes] = values;
    expect(await queryRows(pool, { ...statement, values })).toEqual([{ n, texts, time, bytes }]);
  }
  expect(described).toBe(1);
});

it("fails, and reads it anew, where a prepared statement has come to stand for other columns", async () => {
  await pool.query("CREATE TABLE changing (one int); INSERT INTO changing VALUES (1)");
  const statement = { name: "changing", text: "SELECT * FROM changing", values: [] };
  expect(await queryRows(pool, statement)).toEqual([{ one: 1 }]);
  await pool.query("ALTER TABLE changing ADD COLUMN another int DEFAULT 2");
  await expect(queryRows(pool, statement)).rejects.toThrow("must not change result type");
  expect(await queryRows(pool, statement)).toEqual([{ one: 1, another: 2 }]);
});

it("fails aloud where pg hears its socket otherwise", async () => {
  const other = aPool();
  const client = await other.connect();
  client.connection.stream.on("data", () => {});
  client.release();
  await expect(queryBytes(other, { text: "SELECT 1", values: [] })).rejects.toThrow("hears its socket otherwise");
  await other.end();
});

it("fails aloud where rows go past it", async () => {
  const other = aPool();
  const client = await other.connect();
  const { stream } = client.connection;
  const [own] = stream.listeners("data");
  client.release();
  const statement = { text: "SELECT 1", values: [] };
  expect((await queryBytes(other, statement)).length).toBe(1);
  stream.removeAllListeners("data").on("data", (chunk) => own && Reflect.apply(own, stream, [chunk]));
  await expect(queryBytes(other, statement)).rejects.toThrow("0 rows of 1 were taken");
  await other.end();
});
