import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inTransaction } from "../../../src/database/transaction.ts";
import { planFacts } from "../../../src/domain/recoveries/service/facts.ts";
import { aStage, aStep, endRun, everything, operator, row, type Stage } from "./stage.ts";

let stage: Stage;
let recoveryId: string;
beforeAll(async () => {
  stage = await aStage();
});
beforeEach(async () => {
  ({ recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" }));
  stage.hints.length = 0;
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const test = (sql: string, ...values: unknown[]) => stage.db.database.pool.query(sql, values);
const wishes = () =>
  row(
    stage,
    `SELECT cancel_requested_at IS NOT NULL AS cancel, cancel_requested_by AS "cancelBy", cancel_reason AS reason, pause_requested_at IS NOT NULL AS pause,
      pause_requested_by AS "pauseBy", wake_at IS NOT NULL AS wake FROM recovery WHERE id = $1`,
    recoveryId,
  );
const nothing = { cancel: false, cancelBy: null, reason: null, pause: false, pauseBy: null, wake: false };

async function refused(work: () => Promise<unknown>, error: object): Promise<void> {
  const before = await everything(stage);
  await expect(work()).rejects.toMatchObject(error);
  expect(await everything(stage)).toBe(before);
  expect(stage.hints).toEqual([]);
}

async function aCleanup(): Promise<string> {
  await endRun(stage, recoveryId, "TEST_COMPLETE");
  const cleanup = await stage.recoveries.cleanup(operator, { planId: stage.planId });
  stage.hints.length = 0;
  return cleanup.recoveryId;
}

const unknown = "01900000-0000-7000-8000-000000000000";

it("looks for no pause step among those of a run that goes on: they may be a hundred thousand", async () => {
  await test("UPDATE recovery SET state = 'RUNNING' WHERE id = $1", recoveryId);
  await inTransaction(stage.db.database.pool, async (client) => {
    const text = "SELECT (seq_scan + idx_scan)::int4 AS scans FROM pg_stat_xact_user_tables WHERE relname = 'recovery_step'";
    const scans = async () => Number((await client.query<{ scans: number }>(text)).rows[0]?.scans);
    const before = await scans(); // of earlier transactions of this connection, too
    expect((await planFacts(client, stage.planId)).run).toMatchObject({ recoveryId, state: "RUNNING", atPauseStep: false });
    expect(await scans()).toBe(before);
  });
});

describe("cancelling", () => {
  const cancel = (more: object = {}) => stage.recoveries.cancel(operator, { recoveryId, ...more });

  it("wishes the end, wakes the owner, and says who and why", async () => {
    expect(await cancel({ reason: "wrong plan" })).toEqual({ recoveryId });
    expect(await wishes()).toEqual({ ...nothing, cancel: true, cancelBy: "olga", reason: "wrong plan", wake: true });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("succeeds twice while the run is being cancelled, and the first one counts; after the end only with the same key", async () => {
    const first = { reason: "first", idempotencyKey: "first" };
    await cancel(first);
    await cancel({ reason: "second" });
    expect(await wishes()).toMatchObject({ reason: "first" });
    await endRun(stage, recoveryId, "TEST_COMPLETE", "CANCELLED");
    await expect(cancel(first)).resolves.toEqual({ recoveryId });
    await expect(cancel()).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("has ended") });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("is refused for a run that has ended", async () => {
    await endRun(stage, recoveryId, "TEST_COMPLETE");
    await refused(cancel, { code: "CONFLICT", message: expect.stringContaining("has ended"), details: { activeRecoveryId: recoveryId } });
  });

  it("is refused for a cleanup", async () => {
    const id = await aCleanup();
    await refused(() => cancel({ recoveryId: id }), { code: "CONFLICT", message: expect.stringContaining("cleanup") });
  });

  it("is refused for a run that does not exist", () =>
    refused(() => cancel({ recoveryId: unknown }), { code: "NOT_FOUND", resource: "Recovery" }));
});

describe("pausing", () => {
  const pause = (more: object = {}) => stage.recoveries.pause(operator, { recoveryId, ...more });

  it("wishes a pause and wakes the owner", async () => {
    await pause();
    expect(await wishes()).toEqual({ ...nothing, pause: true, pauseBy: "olga", wake: true });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("is refused for a run that is paused already", async () => {
    await pause();
    stage.hints.length = 0;
    await refused(pause, { code: "CONFLICT", message: expect.stringContaining("paused already") });
  });

  it("gives the first answer to the same key", async () => {
    await pause({ idempotencyKey: "k" });
    await expect(pause({ idempotencyKey: "k" })).resolves.toEqual({ recoveryId });
    expect(stage.hints).toEqual([recoveryId]);
  });

  it("is refused for a run that has ended, is being cancelled, or is a cleanup", async () => {
    await stage.recoveries.cancel(operator, { recoveryId });
    stage.hints.length = 0;
    await refused(pause, { code: "CONFLICT", message: expect.stringContaining("being cancelled") });
    const id = await aCleanup();
    await refused(pause, { code: "CONFLICT", message: expect.stringContaining("has ended") });
    await refused(() => pause({ recoveryId: id }), { code: "CONFLICT", message: expect.stringContaining("cleanup") });
  });
});

describe("resuming", () => {
  const resume = (more: object = {}) => stage.recoveries.resume(operator, { recoveryId, ...more });

  it("takes an operator's pause back and wakes the owner", async () => {
    await stage.recoveries.pause(operator, { recoveryId });
    await resume();
    expect(await wishes()).toEqual({ ...nothing, pauseBy: "olga", wake: true });
    expect(stage.hints).toEqual([recoveryId, recoveryId]);
  });

  it("ends a pause step that waits, and no other step", async () => {
    await aStep(stage, recoveryId, { ordinal: 1, kind: "PAUSE", status: "WAITING" });
    await aStep(stage, recoveryId, { ordinal: 2, kind: "PROMPT", status: "WAITING" });
    await aStep(stage, recoveryId, { ordinal: 3, kind: "PAUSE", status: "PENDING" });
    await resume();
    const { rows } = await test("SELECT ordinal FROM recovery_step WHERE due_at <= dr_now()");
    expect(rows).toEqual([{ ordinal: 1 }]);
  });

  it("is refused for a run that is not paused, also one that waits for an answer", async () => {
    await aStep(stage, recoveryId, { ordinal: 2, kind: "PROMPT", status: "WAITING" });
    await refused(resume, { code: "CONFLICT", message: expect.stringContaining("not paused") });
  });

  it("is refused for a run that has ended or is being cancelled", async () => {
    await stage.recoveries.cancel(operator, { recoveryId });
    stage.hints.length = 0;
    await refused(resume, { code: "CONFLICT", message: expect.stringContaining("being cancelled") });
    await endRun(stage, recoveryId, "TEST_COMPLETE", "CANCELLED");
    await refused(resume, { code: "CONFLICT", message: expect.stringContaining("has ended") });
  });

  it("works once when two come at once", async () => {
    await stage.recoveries.pause(operator, { recoveryId });
    const results = await Promise.allSettled([resume(), resume()]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});
