import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startWakeUps, type WakeUps } from "../../src/events/wake-ups.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { type EngineThread, type EngineThreadOptions, startEngineThread } from "../../src/threads/engine-thread.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { labSites } from "../support/lab.ts";
import { operator, recoveriesOf, testSettings } from "../support/node.ts";
import { aPlan } from "../support/plan.ts";
import { ended } from "../support/run.ts";

const soon = { timeout: 30_000, interval: 10 };
const silent = { info() {}, warn() {}, error() {} };
let db: TestDatabase;
let lab: Lab;
let wakeUps: WakeUps;
let spoolDir: string;
let engine: EngineThread | undefined;
let plans = 0;

beforeAll(async () => {
  db = await freshDatabase();
  lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
});
afterAll(async () => {
  await lab?.close();
  await db?.drop();
});
beforeEach(async () => {
  const { connectDirect, pool } = db.database;
  wakeUps = await startWakeUps({ connectDirect, pool, log: silent });
  spoolDir = await mkdtemp(join(tmpdir(), "dr-spool-"));
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  await wakeUps.close();
  await rm(spoolDir, { recursive: true, force: true });
});

async function start(options: Partial<EngineThreadOptions> = {}): Promise<void> {
  const { url } = db;
  const { retry: _, ...settings } = testSettings;
  engine = await startEngineThread({
    url,
    directUrl: url,
    labUrl: url,
    spoolDir,
    settings,
    logLevel: "silent",
    wakeUps,
    log: silent,
    ...options,
  });
}

/** A test that is asked for, of a plan with two machines. */
async function aTest(): Promise<string> {
  const prefix = `threads-${++plans}-`;
  const sites = labSites({ vms: 2, groups: 1, prefix });
  await lab.define(sites.definition);
  const { planId } = await aPlan(db.database, sites, { name: `${prefix}plan` });
  return (await recoveriesOf(db.database, lab.provider).start(operator, { planId, recoveryType: "TEST" })).recoveryId;
}

const ownerOf = async (runId: string) =>
  (await db.database.pool.query<{ owner: string | null }>("SELECT owner FROM recovery WHERE id = $1", [runId])).rows[0]?.owner;

describe("the engine's thread", () => {
  it("drives runs, and wakes the main thread's listeners for what it has written", async () => {
    await start();
    const heard = new Set<string | null>();
    wakeUps.on("dr_events", (payload) => heard.add(payload));
    const runId = await aTest();
    wakeUps.hint("dr_work", runId);
    expect(await ended(db.database, runId)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
    await vi.waitFor(() => expect(heard).toContain(runId), soon);
  });

  it("gives back what it drives before it is closed", async () => {
    await start();
    const held = await lab.faults.hold({ kind: "createSnapshot", when: "BEFORE" });
    const runId = await aTest();
    wakeUps.hint("dr_work", runId);
    await held.arrived;
    expect(await ownerOf(runId)).not.toBeNull();
    await engine?.close();
    expect(await ownerOf(runId)).toBeNull();
    await held.release();
  });

  it("one that fails is started again and takes up what there is, and the failure is logged", async () => {
    const errors: unknown[] = [];
    const log = { error: (details: object) => void errors.push(details) };
    await start({ log, restartMs: 1, program: new URL("./fixtures/failing-engine.ts", import.meta.url) });
    wakeUps.hint("dr_work", "fail");
    await vi.waitFor(() => expect(errors).toEqual([{ err: expect.objectContaining({ message: "a fault of the engine" }) }]), soon);
    expect(await ended(db.database, await aTest())).toMatchObject({ resultState: "SUCCESS" });
  });

  it("can be closed between a failure and its next start", async () => {
    const failed = Promise.withResolvers<void>();
    const log = { error: () => failed.resolve() };
    await start({ log, restartMs: 3_600_000, program: new URL("./fixtures/failing-engine.ts", import.meta.url) });
    wakeUps.hint("dr_work", "fail");
    await failed.promise;
    await engine?.close();
    const runId = await aTest();
    wakeUps.hint("dr_work", runId);
    expect(await ownerOf(runId)).toBeNull();
  });

  it("says why it can't be started", async () => {
    await expect(start({ labUrl: "postgresql://nobody@127.0.0.1:1/nothing" })).rejects.toThrow(/ECONNREFUSED/);
  });
});
