/** A database of its own, with all migrations, for a test file (or a test): a clone, in some 50 ms. */
import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { connect, withDatabase } from "../../src/database/connection.ts";
import { type Database, openDatabase } from "../../src/database/database.ts";

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Open on it; `drop` closes it. */
  readonly database: Database;
  /** Moves the database's clock, as `dr_now()` tells it, to so many seconds after the real one. */
  shiftClock(seconds: number): Promise<void>;
  drop(): Promise<void>;
}

export async function freshDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const { url: server, template, strategy, run } = inject("testServer");
  const name = `dr_test_${run}_${randomBytes(5).toString("hex")}`;
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${migrated ? template : "template0"} STRATEGY ${strategy}`);
  const url = withDatabase(server, name);
  // Few: each connection plans every statement anew, which is most of what the server would do for a test.
  const database = await openDatabase({ url, poolSize: 4 });
  let shifted = 0;
  return {
    name,
    url,
    database,
    shiftClock: async (seconds) => {
      if (seconds === shifted) return; // every plan with the function in it would be made anew
      shifted = seconds;
      const now = `SELECT date_trunc(''milliseconds'', clock_timestamp()) + make_interval(secs => ${Number(seconds)})`;
      await database.pool.query(`CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS '${now}'`);
    },
    drop: async () => {
      await database.close();
      await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = await connect(url, "dr-gateway tests");
  await client.query(sql).finally(() => client.end());
}
