import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inTurn } from "../../src/database/in-turn.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db?.drop());

it("sends one statement at a time, in the order in which they were asked for, also after one that fails", async () => {
  const client = await db.database.pool.connect();
  const under = { way: 0, most: 0 };
  const real = client.query.bind(client);
  const query = vi.spyOn(client, "query").mockImplementation(async (...given: unknown[]) => {
    under.most = Math.max(under.most, ++under.way);
    return Reflect.apply(real, null, given).finally(() => under.way--);
  });
  const turns = inTurn(client);
  const asked = ["SELECT 1 AS n", "SELECT wrong", "SELECT 3 AS n"].map((text) => turns.query(text));
  const answers = await Promise.allSettled(asked);
  expect(answers.map((one) => (one.status === "fulfilled" ? one.value.rows : "failed"))).toEqual([[{ n: 1 }], "failed", [{ n: 3 }]]);
  expect(query.mock.calls.map(([text]) => text)).toEqual(["SELECT 1 AS n", "SELECT wrong", "SELECT 3 AS n"]);
  expect(under.most).toBe(1);
  query.mockRestore();
  client.release();
});
