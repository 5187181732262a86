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
const failing = new URL("./fixtures/failing-engine.ts", import.meta.url);
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
  vi.restoreAllMocks();
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
    await start({ log, restartMs: 1, program: failing });
    wakeUps.hint("dr_work", "fail");
    await vi.waitFor(() => expect(errors).toEqual([{ err: expect.objectContaining({ message: "a fault of the engine" }) }]), soon);
    expect(await ended(db.database, await aTest())).toMatchObject({ resultState: "SUCCESS" });
  });

  it("can be closed between a failure and its next start, which does not come then", async () => {
    const hour = 3_600_000;
    const [planned, calledOff] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
    await start({ restartMs: hour, program: failing });
    wakeUps.hint("dr_work", "fail");
    await vi.waitFor(() => expect(engine?.unready()).toBe("the engine is being started again"), soon);
    const restart = planned.mock.results[planned.mock.calls.findIndex(([, ms]) => ms === hour)]?.value;
    expect(restart).toBeDefined();
    await engine?.close();
    expect(calledOff).toHaveBeenCalledWith(restart);
  });

  it("is not ready while it hangs, nor once it has failed until it is started again", async () => {
    await start({ restartMs: 1, stalledMs: 1_000, program: failing });
    expect(engine?.unready()).toBeNull();
    for (const [fault, why] of [
      ["hang", "the engine does not move"],
      ["fail", "the engine is being started again"],
    ] as const) {
      wakeUps.hint("dr_work", fault);
      await vi.waitFor(() => expect(engine?.unready()).toBe(why), { timeout: 30_000, interval: 1 });
      await vi.waitFor(() => expect(engine?.unready()).toBeNull(), soon);
    }
  });

  it("says why it can't be started", async () => {
    await expect(start({ labUrl: "postgresql://nobody@127.0.0.1:1/nothing" })).rejects.toThrow(/ECONNREFUSED/);
  });
});
