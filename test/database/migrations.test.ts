import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../support/database.ts";

describe("the migrated database", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase();
  });
  afterAll(() => db.drop());

  it("counts events from 0", async () => {
    expect(await db.database.prisma.eventCounter.findMany()).toEqual([{ id: 1, value: 0n }]);
  });
});
