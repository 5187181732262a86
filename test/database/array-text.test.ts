import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { arrayText } from "../../src/database/array-text.ts";
import { toText } from "../../src/database/json.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

it("gives PostgreSQL the same values, whatever characters they have", async () => {
  const text = fc.option(
    fc.oneof(fc.string({ unit: "binary" }).map(toText), fc.constantFrom("", "NULL", "null", '"', "\\", "a,b", "{}", " a ")),
  );
  const number = fc.option(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })));
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(number), fc.array(fc.option(fc.boolean())), async (texts, numbers, booleans) => {
      const values = [arrayText(texts), arrayText(numbers), arrayText(booleans)];
      const { rows } = await db.database.pool.query("SELECT $1::text[] AS texts, $2::float8[] AS numbers, $3::bool[] AS booleans", values);
      expect(rows).toEqual([{ texts, numbers: numbers.map((value) => (value === null ? null : value + 0)), booleans }]);
    }),
    { seed: 7, numRuns: 300 },
  );
});
