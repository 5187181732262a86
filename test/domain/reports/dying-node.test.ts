/** A report whose gateway dies between any two statements of its making: the next one makes it, once, and it is the same to the byte. */
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportJobs } from "../../../src/domain/reports/job.ts";
import { enqueue, startJobs } from "../../../src/jobs/queue.ts";
import { mortalPool } from "../../drills/mortal-pool.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/run.ts";
import { aHistory, range } from "./history/history.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await aHistory(db.database, 1);
  const { pool } = db.database;
  // Time stands still: what a report says of "now" is the same whoever makes it.
  await pool.query("CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2026-11-01 08:00Z' $$");
  await pool.query(`CREATE TABLE made (report_id uuid);
    CREATE FUNCTION note_made() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made VALUES (NEW.id); RETURN NEW; END $$;
    CREATE TRIGGER made AFTER UPDATE OF content ON report FOR EACH ROW WHEN (NEW.content IS NOT NULL) EXECUTE FUNCTION note_made()`);
});
afterAll(() => db.drop());

async function asked(): Promise<string> {
  const { pool } = db.database;
  const id = uuid();
  const values = [id, range.start, range.end];
  await pool.query(
    "INSERT INTO report (id, type, format, range_start, range_end, requested_by) VALUES ($1, 'TEST_HISTORY', 'JSON', $2, $3, 'ada')",
    values,
  );
  await enqueue(pool, "report", [id]);
  return id;
}

/** Until the job is done, or the node has died at it. */
async function work(pool: typeof db.database.pool): Promise<void> {
  let warned = false;
  const warn = () => {
    warned = true;
  };
  const jobs = startJobs({ pool, everyMs: 2 ** 31 - 1, log: { warn } });
  jobs.register(reportJobs({ pool, announce: () => {} }));
  const left = async () => (await db.database.pool.query("SELECT FROM job")).rowCount !== 0;
  await until(async () => warned || !(await left()), "the end of the job", 30);
  await jobs.close();
}

const contentOf = async (id: string) => {
  const { rows } = await db.database.pool.query("SELECT state, content, checksum FROM report WHERE id = $1", [id]);
  return rows[0];
};
const timesMade = async (id: string) => (await db.database.pool.query("SELECT FROM made WHERE report_id = $1", [id])).rowCount;

describe("a report whose gateway dies", { timeout: 60_000 }, () => {
  it("between any two of its statements is made by the next one, once, and looks the same", async () => {
    const undisturbed = await asked();
    await work(db.database.pool);
    const expected = await contentOf(undisturbed);
    expect(expected).toMatchObject({ state: "COMPLETED", checksum: expect.any(String) });
    const deaths: string[] = [];
    for (let statement = 1; ; statement++) {
      const id = await asked();
      const mortal = mortalPool(db.database.pool);
      // Before the first, behind the second, and so on: one of the two sides of each gap.
      mortal.setFuse({ statement, when: statement % 2 === 1 ? "BEFORE" : "AFTER" });
      await work(mortal.pool);
      if (mortal.diedAt === null) break;
      deaths.push(mortal.diedAt);
      // Surely over: a time is rounded to the nearest millisecond, which may be the next one.
      await db.database.pool.query("UPDATE job SET lease_until = clock_timestamp() - interval '1 s' WHERE owner IS NOT NULL");
      await work(db.database.pool);
      expect([mortal.diedAt, await contentOf(id), await timesMade(id)]).toEqual([mortal.diedAt, expected, 1]);
    }
    // From taking the job, over the snapshot and the content, to the end of the job.
    const named = (words: string) => deaths.filter((death) => death.includes(words)).length;
    expect([named("job-claim"), named("WITH changed_report"), named("DELETE FROM job")]).toEqual([2, 3, 1]);
    expect(deaths.length).toBeGreaterThan(10);
  });
});
