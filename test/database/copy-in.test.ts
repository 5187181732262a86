import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { copyIn } from "../../src/database/copy-in.ts";
import { toText } from "../../src/database/json.ts";
import { brokenConstraint, inTransaction } from "../../src/database/transaction.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await db.database.pool.query("CREATE TABLE copied (id int PRIMARY KEY, name text, share float8, good boolean)");
});
afterAll(() => db.drop());
beforeEach(() => db.database.pool.query("TRUNCATE copied"));

const statement = "COPY copied (id, name, share, good) FROM STDIN";
const named = async () => (await db.database.pool.query("SELECT * FROM copied ORDER BY id")).rows;
const anyText = fc.oneof(
  fc.string({ unit: "binary" }).map(toText),
  fc.constantFrom("", "NULL", "\\N", "\\.", "\t", "\r\n", "\n\\.\n", "\\n", '"'),
);

it("gives PostgreSQL the same values, whatever characters they have", async () => {
  const row = fc.tuple(fc.option(anyText), fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), fc.option(fc.boolean()));
  await fc.assert(
    fc.asyncProperty(fc.array(row), async (list) => {
      await db.database.pool.query("TRUNCATE copied");
      await inTransaction(db.database.pool, (client) =>
        copyIn(
          client,
          statement,
          list.map((cells, id) => [id, ...cells]),
        ),
      );
      expect(await named()).toEqual(list.map(([name, share, good], id) => ({ id, name, share: share === null ? null : share + 0, good })));
    }),
    { seed: 7, numRuns: 200 },
  );
});

it("stands in a line of statements that nobody waits for in between", async () => {
  await inTransaction(db.database.pool, async (client) => {
    const rows = (from: number) => Array.from({ length: 2_000 }, (_, id) => [from + id, `name ${from + id}`, null, true]);
    const [, before, , after] = await Promise.all([
      copyIn(client, statement, rows(0)),
      client.query("SELECT count(*)::int AS n FROM copied"),
      copyIn(client, statement, rows(2_000)),
      client.query("SELECT count(*)::int AS n FROM copied"),
    ]);
    expect([before.rows, after.rows]).toEqual([[{ n: 2_000 }], [{ n: 4_000 }]]);
  });
});

it("tells what the server refuses, and its data disturbs nobody behind it", async () => {
  const client = await db.database.pool.connect();
  try {
    const missing = copyIn(client, "COPY nowhere (id) FROM STDIN", [[1], [2]]);
    const twice = copyIn(client, statement, [
      [1, "one", null, null],
      [1, "one again", null, null],
    ]);
    const behind = client.query("SELECT 1 AS one");
    const [refused, broken] = await Promise.allSettled([missing, twice]);
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "42P01" } });
    expect(broken.status === "rejected" && brokenConstraint(broken.reason)).toBe("copied_pkey");
    expect((await behind).rows).toEqual([{ one: 1 }]);
    expect(await named()).toEqual([]);
  } finally {
    client.release();
  }
});
