/** Several writes of a run under way at once: each is done once and in its place, whatever becomes of the one before it, or of its answer. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase, openPool } from "../../src/database/database.ts";
import { LeaseLost } from "../../src/engine/journal.ts";
import { verifyRecoveryEvents } from "../../src/events/verify.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type Outage, outageBefore } from "../support/outage.ts";
import { until } from "../support/run.ts";
import { holding } from "../support/session.ts";
import { aHeldRun, aRun } from "./support/held-run.ts";

let db: TestDatabase;
let lab: Lab;
beforeAll(async () => {
  db = await freshDatabase();
  lab = await openLab({ url: db.url, speed: "instant", guestServices: false, poolSize: 2 });
});
afterAll(async () => {
  await lab?.close();
  await db?.drop();
});

type HeldRun = Awaited<ReturnType<typeof aHeldRun>>;

/** Two steps start; before that the run's row may be written alone, without an event. */
const writeAll = (run: HeldRun, ...before: null[]) => Promise.all([...before, run.first, run.second].map((ordinal) => run.write(ordinal)));

async function expectEachOnce(run: HeldRun): Promise<void> {
  const running = await run.running();
  expect(running).toEqual(expect.arrayContaining([run.first, run.second]));
  const started = await run.started();
  expect(started.toSorted((a, b) => a - b)).toEqual(running);
  expect(started.indexOf(run.first)).toBeLessThan(started.indexOf(run.second));
  expect(await run.lastEvent()).toBe(run.journal.lastEvent);
  expect(await verifyRecoveryEvents(db.database.pool, run.id)).toMatchObject({ findings: [] });
}

describe("writes under way", () => {
  it("are done in their order", async () => {
    const run = await aHeldRun(db, lab);
    const written = writeAll(run);
    await run.waits();
    await run.free();
    await written;
    await expectEachOnce(run);
    expect(run.troubles).toEqual([]);
  });

  it("wait for one without events: nothing would tell afterwards that they came before it", async () => {
    const run = await aHeldRun(db, lab);
    const written = writeAll(run, null);
    await db.database.pool.query("SELECT pg_cancel_backend($1)", [await run.waits()]);
    await until(async () => run.troubles.length > 0);
    await run.free();
    await written;
    await expectEachOnce(run);
  });

  it.each([
    ["cancels the first of them", "SELECT pg_cancel_backend($1)"],
    ["ends their connection", "SELECT pg_terminate_backend($1)"],
  ])("are done again in their order when the database %s", async (_, text) => {
    const run = await aHeldRun(db, lab);
    const written = writeAll(run);
    const pid = await run.waits();
    await db.database.pool.query(text, [pid]);
    await until(async () => run.troubles.length > 0);
    await run.free();
    await written;
    await expectEachOnce(run);
  });

  it("are all lost with the lease", async () => {
    const run = await aHeldRun(db, lab);
    const [first, second] = [run.write(run.first), run.write(run.second)];
    const both = Promise.all([expect(first).rejects.toThrow(LeaseLost), expect(second).rejects.toThrow(LeaseLost)]);
    await run.waits();
    await run.free("UPDATE recovery SET epoch = epoch + 1 WHERE id = $1");
    await both;
    expect(await run.running()).toEqual([]);
  });

  describe("over a connection that breaks", () => {
    let outage: Outage | undefined;
    let near: Database | undefined;
    afterEach(async () => {
      await near?.close();
      await outage?.close();
    });

    it("are not done twice when all of them were done and no answer came", async () => {
      const way = await outageBefore(db.url);
      outage = way;
      near = await openDatabase({ url: way.url, poolSize: 2 });
      const run = await aHeldRun(db, lab, near.pool);
      const before = await run.lastEvent();
      const written = writeAll(run);
      await run.waits();
      way.silence();
      await run.free();
      await until(async () => (await run.running()).includes(run.second));
      expect(await run.lastEvent()).toBeGreaterThan(before + 1);
      await way.begin();
      await way.end();
      await written;
      await expectEachOnce(run);
      expect(run.troubles.length).toBeGreaterThan(0);
    });
  });
});

describe("writes of several runs", () => {
  it("wait here for a connection of theirs, so that others who write to the log have few before them", async () => {
    await using writers = openPool({ url: db.url, poolSize: 2 });
    const runs: Awaited<ReturnType<typeof aRun>>[] = [];
    for (let nth = 0; nth < 5; nth++) runs.push(await aRun(db, lab, db.database.pool, writers.pool));
    const holder = await holding(db.database, "SELECT FROM event_counter WHERE id = 1 FOR UPDATE");
    const written = Promise.all(runs.map((run) => run.write(run.first)));
    await until(async () => writers.pool.waitingCount === runs.length - 2);
    await holder.query("COMMIT");
    await holder[Symbol.asyncDispose]();
    await written;
    for (const run of runs) expect(await run.running()).toContain(run.first);
  });
});
