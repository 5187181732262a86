/** Recovery points that can't be noted for long, since somebody holds a VM's row: the run goes on beside that. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { eventsOf, readRun, until } from "../support/run.ts";
import { holding } from "../support/session.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** A note ends by itself after 30 s: what goes on beside it comes about before. */
const soonSeconds = 15;

/** Until a note waits that began after this one; its server process, and when it began. */
const nextNote = (after = "") =>
  until(
    async () => {
      const text = `SELECT pid, query_start::text AS began FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%recovery_point%' AND query_start::text > $1`;
      return (await stage.db.database.pool.query<{ pid: number; began: string }>(text, [after])).rows[0];
    },
    "a note that waits",
    soonSeconds,
  );

it("is cancelled at once, notes them again after a failure, and ends once they are noted", async () => {
  const { pool } = stage.db.database;
  const scene = await stage.scene({ machines: 1 });
  const synchronisation = await stage.lab.faults.hold({ kind: "synchronise", target: scene.sites.groups[0]?.id ?? "", when: "BEFORE" });
  const powerOn = await stage.lab.faults.hold({ kind: "powerOn", target: scene.vm(1), when: "BEFORE" });
  const recoveryId = await scene.start();
  await synchronisation.arrived;
  const members = "protected_vm WHERE group_id = ANY($1::uuid[])";
  await using holder = await holding(stage.db.database, `SELECT FROM ${members} FOR NO KEY UPDATE`, [scene.groupIds]);
  await synchronisation.release();
  await powerOn.arrived;

  // Two steps have told of points: the third note is of a look at what is due.
  let note = await nextNote();
  const noteAgain = async () => {
    await pool.query("SELECT pg_cancel_backend($1)", [note.pid]);
    note = await nextNote(note.began);
  };
  await noteAgain();
  await noteAgain();
  await stage.node.recoveries.cancel(operator, { recoveryId });
  const isCancelling = async () =>
    (await eventsOf(stage.db.database, recoveryId)).some(
      ({ event }) => event.kind === "RECOVERY_STATE_CHANGED" && event.state === "CANCELLING",
    );
  await until(isCancelling, "the cancel", soonSeconds);
  expect(await nextNote()).toEqual(note);

  await powerOn.release();
  await until(async () => (await readRun(stage.db.database, recoveryId)).steps.every(({ endedAt }) => endedAt !== null), "all steps' end");
  await noteAgain();
  expect((await readRun(stage.db.database, recoveryId)).ended).toBe(false);
  await holder.query("COMMIT");
  expect(await scene.end(recoveryId)).toMatchObject({ resultState: "CANCELLED" });
  expect((await pool.query(`SELECT FROM ${members} AND last_sync_at IS NULL`, [scene.groupIds])).rowCount).toBe(0);
  expect((await pool.query("SELECT FROM recovery_point WHERE group_id = ANY($1::uuid[])", [scene.groupIds])).rowCount).toBeGreaterThan(0);
});
