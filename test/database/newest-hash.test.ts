import { afterAll, beforeAll, expect, it } from "vitest";
import { aRecovery } from "../events/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const recoveryOrNone = { "a recovery": () => aRecovery(db.database.pool), "what is of no recovery": async () => null };

it.each(Object.entries(recoveryOrNone))(
  "the newest hash of %s is found by an index, also where that was planned while the log was empty",
  async (_, of) => {
    const recovery = await of();
    const client = await db.database.pool.connect();
    const newestHash = () => client.query("SELECT dr_event_hash($1)", [recovery]);
    const rowsRead = async () => {
      const text = "SELECT seq_tup_read::int AS rows FROM pg_stat_xact_user_tables WHERE relname = 'event'";
      return (await client.query<{ rows: number }>(text)).rows[0]?.rows;
    };
    try {
      await client.query("DELETE FROM event");
      await client.query("VACUUM (ANALYZE) event");
      for (let use = 0; use < 10; use++) await newestHash();
      await client.query(
        `INSERT INTO event (position, recovery_id, sequence, kind, payload)
        SELECT n, $1, CASE WHEN $1::uuid IS NOT NULL THEN n END, 'PROGRESS', '{}' FROM generate_series(1, 5000) AS n`,
        [recovery],
      );
      await client.query("BEGIN");
      const before = await rowsRead();
      await newestHash();
      expect(await rowsRead()).toBe(before);
    } finally {
      client.release(true);
    }
  },
);
