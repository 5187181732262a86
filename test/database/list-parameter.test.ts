import { afterAll, beforeAll, expect, it } from "vitest";
import { anyOf } from "../../src/database/list-parameter.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const numbers = (condition: string) => `SELECT n FROM generate_series(1, 100000) AS n WHERE n = ${condition} ORDER BY n`;

it("finds what is in the list", async () => {
  const { rows } = await db.database.pool.query(numbers(anyOf("$1", "int")), [[7, 3, 100_001]]);
  expect(rows).toEqual([{ n: 3 }, { n: 7 }]);
});

it("is planned once for all lists, also where they are shorter than the planner expects", async () => {
  const client = await db.database.pool.connect();
  try {
    await client.query("SET plan_cache_mode = auto");
    const tried = 5; // plans that PostgreSQL makes before it compares them with the one for any list
    for (let use = 0; use < tried + 10; use++) {
      await client.query({ name: "in a select", text: numbers(anyOf("$1", "int")), values: [[use]] });
      await client.query({ name: "looked into", text: numbers("ANY ($1::int[])"), values: [[use]] });
    }
    const { rows } = await client.query("SELECT name, custom_plans::int, generic_plans::int FROM pg_prepared_statements ORDER BY name");
    expect(rows).toEqual([
      { name: "in a select", custom_plans: tried, generic_plans: 10 },
      { name: "looked into", custom_plans: tried + 10, generic_plans: 0 },
    ]);
  } finally {
    client.release(true); // its setting goes with it
  }
});
