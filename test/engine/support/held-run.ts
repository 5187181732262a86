/** A run that is compiled and not driven: a test writes of it itself, while another session holds its row or one of its steps. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import { type Batch, emptyBatch } from "../../../src/engine/batch.ts";
import { begin } from "../../../src/engine/beginning.ts";
import { createInbox } from "../../../src/engine/inbox.ts";
import { createJournal } from "../../../src/engine/journal.ts";
import { claim } from "../../../src/engine/lease.ts";
import { endStep, rowOf, say, startStep, stepAt } from "../../../src/engine/live-run.ts";
import type { StepResult } from "../../../src/engine/model.ts";
import { loadRun } from "../../../src/engine/records.ts";
import { writeTree } from "../../../src/engine/tree-rows.ts";
import { Writing } from "../../../src/engine/writing.ts";
import { readRecovery } from "../../../src/events/log.ts";
import type { Lab } from "../../../src/providers/lab/lab.ts";
import type { TestDatabase } from "../../support/database.ts";
import { labSites } from "../../support/lab.ts";
import { operator, recoveriesOf } from "../../support/node.ts";
import { aPlan } from "../../support/plan.ts";
import { until } from "../../support/run.ts";
import { holding } from "../../support/session.ts";

/** With two steps that may start. `writer`: what the journal writes through; `writers`: the same for single statements. */
export async function aRun(db: TestDatabase, lab: Lab, writer: pg.Pool = db.database.pool, writers: pg.Pool = writer) {
  const { pool } = db.database;
  const sites = labSites({ vms: 2, groups: 2, prefix: `${randomUUID().slice(0, 8)}-` });
  await lab.define(sites.definition);
  const { planId } = await aPlan(db.database, sites, { name: sites.protectedSite, priorityGroups: [{ groups: [0, 1] }] });
  const { recoveryId: id } = await recoveriesOf(db.database, lab.provider).start(operator, { planId, recoveryType: "TEST" });
  const claimed = (await claim(pool, randomUUID(), 60, 100)).find(({ runId }) => runId === id);
  if (claimed === undefined) throw new Error("Somebody else has the run.");
  const record = await loadRun(pool, id);
  const stopping = new AbortController();
  const troubles: unknown[] = [];
  const journal = createJournal({
    pool: writer,
    writers,
    runId: id,
    epoch: claimed.epoch,
    lastEvent: record.lastEvent,
    signal: stopping.signal,
    onTrouble: (error) => void troubles.push(error),
  });
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
  const waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  const waitingPids = async (): Promise<number[]> => (await pool.query<{ pid: number }>(waiting)).rows.map(({ pid }) => pid);
  const note = (ordinal: number, count = 1) => {
    for (let at = 0; at < count; at++)
      say(run, { kind: "COMMAND_OUTPUT", ordinal, path: stepAt(run, ordinal).node.path, text: `${at}`, totalBytes: at });
  };
  return {
    id,
    first,
    second,
    launched,
    writing,
    journal,
    troubles,
    /** Its owner does nothing more. */
    die: () => stopping.abort(new DOMException("the node died", "AbortError")),
    /** Into the next write. `count`: with so many lines of output. */
    start(ordinal: number, count = 0) {
      startStep(run, ordinal, "RUNNING", Date.now(), null);
      writing.launch(ordinal, false);
      note(ordinal, count);
      return writing.next();
    },
    /** Into the next write. */
    end(ordinal: number, result: StepResult) {
      endStep(run, ordinal, { status: "SUCCEEDED", message: null, result }, Date.now());
      return writing.next();
    },
    /** Past `Writing`: what has come since, or nothing but the run's row. */
    write(ordinal: number | null): Promise<void> {
      if (ordinal !== null) startStep(run, ordinal, "RUNNING", Date.now(), null);
      const batch: Batch = run.batch;
      run.batch = emptyBatch();
      return journal.write(batch, rowOf(run), []);
    },
    /** Until a statement waits for a lock, beside one that does already; its server process. */
    async waits(beside?: number): Promise<number> {
      const others = async () => (await waitingPids()).filter((pid) => pid !== beside);
      await until(async () => (await others()).length === 1);
      return (await others())[0] ?? 0;
    },
    running: async (): Promise<number[]> => {
      const { rows } = await pool.query("SELECT ordinal FROM recovery_step WHERE run_id = $1 AND status = 'RUNNING' ORDER BY ordinal", [
        id,
      ]);
      return rows.map(({ ordinal }) => ordinal);
    },
    /** The run's events that say that a step has started, in order. */
    started: async (): Promise<number[]> => {
      const events = await readRecovery(pool, id, 0, 1_000);
      return events.flatMap(({ event }) => (event.kind === "STEP_CHANGED" ? [event.ordinal] : []));
    },
    lastEvent: async (): Promise<number> =>
      (await pool.query<{ last: number }>("SELECT last_event AS last FROM recovery WHERE id = $1", [id])).rows[0]?.last ?? -1,
  };
}

/** The same, and another session holds its row, so that a write takes until `free`. */
export async function aHeldRun(db: TestDatabase, lab: Lab, writer?: pg.Pool) {
  const run = await aRun(db, lab, writer);
  const holder = await holding(db.database, "SELECT FROM recovery WHERE id = $1 FOR UPDATE", [run.id]);
  return {
    ...run,
    free: async (...statements: readonly string[]) => {
      for (const text of statements) await holder.query(text, [run.id]);
      await holder.query("COMMIT");
      await holder[Symbol.asyncDispose]();
    },
  };
}
