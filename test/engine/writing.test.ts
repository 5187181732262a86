/** The loop goes on deciding while writes are under way: what hangs on one comes after it all the same, or never. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseLost } from "../../src/engine/journal.ts";
import { verifyRecoveryEvents } from "../../src/events/verify.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/run.ts";
import { aSession, holding } from "../support/session.ts";
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

/** So many events are worth a write of their own while another one is under way. */
const many = 250;

describe("a write that is under way", () => {
  it("keeps the work of its steps waiting, and the next write, in order", async () => {
    const run = await aHeldRun(db, lab);
    await run.start(run.first);
    const next = run.start(run.second);
    await run.waits();
    expect(run.launched).toEqual([]);
    await run.free();
    await next;
    await run.writing.durable();
    expect(run.launched).toEqual([run.first, run.second]);
    expect(await run.running()).toEqual(expect.arrayContaining([run.first, run.second]));
  });

  it.each([
    ["small, waits", 0],
    ["large, is sent behind it", many],
  ])("and comes too late, the lease being lost, sets nothing to work, nor does what was decided meanwhile, which, %s", async (_, count) => {
    const run = await aHeldRun(db, lab);
    await run.start(run.first);
    await run.start(run.second, count);
    await run.waits();
    // Expected before it can come: a promise that fails before anybody looks at it is an error of its own.
    const lost = expect(run.writing.durable()).rejects.toThrow(LeaseLost);
    await run.free("UPDATE recovery SET epoch = epoch + 1 WHERE id = $1");
    await lost;
    await expect(run.writing.next()).rejects.toThrow(LeaseLost);
    await expect(run.writing.durable()).rejects.toThrow(LeaseLost);
    expect(run.launched).toEqual([]);
    expect(await run.running()).toEqual([]);
  });
});

it("of two writes under way the first is durable when its node dies: what it started may have been done, and nothing of the second", async () => {
  const { pool } = db.database;
  const run = await aRun(db, lab);
  await pool.query(
    `CREATE FUNCTION hold_step() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END'`,
  );
  await pool.query(`CREATE TRIGGER hold_step BEFORE UPDATE ON recovery_step FOR EACH ROW
    WHEN (NEW.run_id = '${run.id}' AND NEW.ordinal = ${run.second}) EXECUTE FUNCTION hold_step()`);
  await using holder = await aSession(db.database);
  await holder.query("SELECT pg_advisory_lock(42)");
  const before = await run.lastEvent();
  await run.start(run.first);
  await run.start(run.second, many);
  const pid = await run.waits();
  await until(async () => run.launched.length > 0);
  expect(run.launched).toEqual([run.first]);

  run.die();
  await pool.query("SELECT pg_terminate_backend($1)", [pid]);
  await expect(run.writing.durable()).rejects.toThrow("the node died");
  await holder.query("SELECT pg_advisory_unlock(42)");
  expect(run.launched).toEqual([run.first]);
  const found = await run.running();
  expect(found).toContain(run.first);
  expect(found).not.toContain(run.second);
  const started = await run.started();
  expect(started).toEqual(found);
  expect(await run.lastEvent()).toBe(before + started.length);
  expect(await verifyRecoveryEvents(pool, run.id)).toMatchObject({ findings: [] });
});

it("nothing waits while points are noted but the end of the run", async () => {
  const { pool } = db.database;
  const run = await aRun(db, lab);
  const members = `SELECT FROM protected_vm m JOIN recovery_step s ON s.group_id = m.group_id WHERE s.run_id = '${run.id}' AND s.ordinal = ${run.first}`;
  await using holder = await holding(db.database, `${members} FOR UPDATE OF m`);
  await run.start(run.first);
  await run.writing.durable();
  await run.end(run.first, { pointId: "a new point", takenAt: new Date().toISOString() });
  await run.waits();
  await run.start(run.second);
  await until(async () => run.launched.length === 2);
  expect(await run.running()).toContain(run.second);
  await run.writing.durable();
  const over = run.writing.durableAndNoted();
  expect(await Promise.race([over.then(() => "is over"), run.waits().then(() => "waits")])).toBe("waits");
  await holder.query("COMMIT");
  await over;
  expect((await pool.query(`${members} AND m.last_sync_at IS NOT NULL`)).rowCount).toBe(1);
  expect((await pool.query("SELECT FROM recovery_point WHERE external_id = 'a new point'")).rowCount).toBe(1);
});

it("a note that was under way when more points were written says nothing of those", async () => {
  const { pool } = db.database;
  const run = await aRun(db, lab);
  const point = (pointId: string) => ({ pointId, takenAt: new Date().toISOString() });
  const noted = async () => (await pool.query("SELECT external_id AS id FROM recovery_point WHERE external_id LIKE '%in turn'")).rows;
  await run.start(run.first);
  await run.start(run.second);
  await run.writing.durable();
  await using holder = await holding(db.database, "SELECT FROM protected_vm FOR UPDATE");
  await run.end(run.first, point("the first in turn"));
  await run.waits();
  await run.end(run.second, point("the second in turn"));
  await until(async () => !(await run.running()).includes(run.second));
  await holder.query("COMMIT");
  await run.writing.durableAndNoted();
  expect(run.writing.pointsDue).toBe(false);
  expect(await noted()).toEqual(expect.arrayContaining([{ id: "the first in turn" }, { id: "the second in turn" }]));
});
