/** A lab of the release before is brought up to date beside a gateway of that release, whose orders are under way. */
import { readFile } from "node:fs/promises";
import type pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openLab } from "../../src/providers/lab/lab.ts";
import { until } from "../events/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

const tables = ["1-tables.sql", "1-tables-2.sql", "1-tables-3.sql", "1-tables-4.sql", "1-tables-5.sql", "1-tables-6.sql"];

let db: TestDatabase;
let order: pg.PoolClient;
beforeEach(async () => {
  db = await freshDatabase();
  const { pool } = db.database;
  await pool.query("DROP SCHEMA lab CASCADE");
  for (const name of tables) await pool.query(await readFile(new URL(`../../src/providers/lab/sql/${name}`, import.meta.url), "utf8"));
  await pool.query("UPDATE lab.settings SET version = $1", [tables.length]);
  order = await pool.connect();
  await order.query("BEGIN");
});
afterEach(async () => {
  order.release(true);
  await db.drop();
});

const open = () => openLab({ url: db.url, speed: "instant", guestServices: false });

/** As the release before wrote it: its own row, and one of the ledger. */
async function write(client: Pick<pg.PoolClient, "query">): Promise<void> {
  await client.query("INSERT INTO lab.operation VALUES ('site', 'key', 'run', 'powerOff', '{}', now(), now(), NULL, NULL, NULL, NULL)");
  await client.query(
    "INSERT INTO lab.ledger (site_id, key, run_id, kind, target, ordered_at, effective_at) VALUES ('site', 'key', 'run', 'powerOff', 'vm', now(), now())",
  );
}

const waitsFor = (relation: string) =>
  until(async () => {
    const { rows } = await db.database.pool.query("SELECT 1 FROM pg_locks WHERE relation = $1::regclass AND NOT granted", [relation]);
    return rows.length > 0;
  });

it("tries again where it stands in a circle with an order, which loses nothing", async () => {
  await order.query("LOCK TABLE lab.operation IN ROW EXCLUSIVE MODE");
  const opening = open();
  await waitsFor("lab.operation");
  await order.query("LOCK TABLE lab.vm IN ROW EXCLUSIVE MODE");
  await write(order);
  await order.query("COMMIT");
  await using lab = await opening;
  expect(await lab.ledger()).toMatchObject([{ key: "key", kind: "powerOff", target: "vm" }]);
});

it("lets an order that had begun before go on as it was written", async () => {
  await using lab = await open();
  await write(order);
  await order.query("COMMIT");
  expect(await lab.ledger()).toMatchObject([{ key: "key", kind: "powerOff", target: "vm" }]);
  await db.database.pool.query("DELETE FROM lab.ledger WHERE site_id = 'site' AND key = 'key'");
  expect(await lab.ledger()).toEqual([]);
  expect((await db.database.pool.query("SELECT key FROM lab.operation")).rows).toEqual([{ key: "key" }]);
});
