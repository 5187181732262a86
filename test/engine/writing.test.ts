/** The loop goes on deciding while a write is under way: what hangs on it comes after it all the same, or never. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyBatch } from "../../src/engine/batch.ts";
import { begin } from "../../src/engine/beginning.ts";
import { createInbox } from "../../src/engine/inbox.ts";
import { createJournal, LeaseLost } from "../../src/engine/journal.ts";
import { claim } from "../../src/engine/lease.ts";
import { rowOf, startStep } from "../../src/engine/live-run.ts";
import { loadRun } from "../../src/engine/records.ts";
import { writeTree } from "../../src/engine/tree-rows.ts";
import { Writing } from "../../src/engine/writing.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { labSites } from "../support/lab.ts";
import { operator, recoveriesOf } from "../support/node.ts";
import { aPlan } from "../support/plan.ts";
import { until } from "../support/run.ts";

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

/** A run that is compiled, with two steps that may start; another session holds its row, so that a write takes until `free`. */
async function aHeldRun() {
  const { pool } = db.database;
  const sites = labSites({ vms: 2, groups: 2, prefix: `${randomUUID().slice(0, 8)}-` });
  await lab.define(sites.definition);
  const { planId } = await aPlan(db.database, sites, { name: sites.protectedSite, priorityGroups: [{ groups: [0, 1] }] });
  const { recoveryId: id } = await recoveriesOf(db.database, lab.provider).start(operator, { planId, recoveryType: "TEST" });
  const claimed = (await claim(pool, randomUUID(), 60, 100)).find(({ runId }) => runId === id);
  if (claimed === undefined) throw new Error("Somebody else has the run.");
  const record = await loadRun(pool, id);
  const signal = new AbortController().signal;
  const journal = createJournal({ pool, runId: id, epoch: claimed.epoch, lastEvent: record.lastEvent, signal, onTrouble: () => {} });
  const { run } = begin(record, []);
  await writeTree(journal, id, run.steps, rowOf(run), { events: [], changes: [] });
  run.batch = emptyBatch();
  const launched: number[] = [];
  const writing = new Writing({
    record,
    run,
    claim: claimed,
    journal,
    inbox: createInbox(),
    executions: { launch: (ordinal) => void launched.push(ordinal) },
    parts: { pool, wakeUps: { hint: () => {} }, forgetOutcome: () => {} },
  });
  const [first = 0, second = 0] = run.schedule.ready();
  const start = (ordinal: number) => {
    startStep(run, ordinal, "RUNNING", Date.now(), null);
    writing.launch(ordinal, false);
    return writing.next();
  };
  const holder = await pool.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT FROM recovery WHERE id = $1 FOR UPDATE", [id]);
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  return {
    first,
    second,
    launched,
    start,
    writing,
    isWriting: () => until(async () => (await pool.query(waiting)).rowCount === 1),
    free: async (...statements: readonly string[]) => {
      for (const text of statements) await holder.query(text, [id]);
      await holder.query("COMMIT");
      holder.release();
    },
    running: async () => {
      const { rows } = await pool.query("SELECT ordinal FROM recovery_step WHERE run_id = $1 AND status = 'RUNNING'", [id]);
      return rows.map(({ ordinal }) => ordinal);
    },
  };
}

describe("a write that is under way", () => {
  it("keeps the work of its steps waiting, and the next write, in order", async () => {
    const run = await aHeldRun();
    await run.start(run.first);
    const next = run.start(run.second);
    await run.isWriting();
    expect(run.launched).toEqual([]);
    await run.free();
    await next;
    await run.writing.durable();
    expect(run.launched).toEqual([run.first, run.second]);
    expect(await run.running()).toEqual(expect.arrayContaining([run.first, run.second]));
  });

  it("and comes too late, the lease being lost, sets nothing to work, nor does what was decided meanwhile", async () => {
    const run = await aHeldRun();
    await run.start(run.first);
    const next = run.start(run.second);
    await run.isWriting();
    await run.free("UPDATE recovery SET epoch = epoch + 1 WHERE id = $1");
    await expect(next).rejects.toThrow(LeaseLost);
    await expect(run.writing.next()).rejects.toThrow(LeaseLost);
    expect(run.launched).toEqual([]);
    expect(await run.running()).toEqual([]);
  });
});
