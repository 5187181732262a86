import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { turns } from "../../src/jobs/turns.ts";
import type { Lab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, effects, labSites } from "../support/lab.ts";
import { aNode, operator, type TestNode } from "../support/node.ts";
import { aPlan } from "../support/plan.ts";
import { ended, eventsOf } from "../support/run.ts";

describe("a test and its cleanup", () => {
  let db: TestDatabase;
  let lab: Lab;
  let node: TestNode;
  beforeAll(async () => {
    db = await freshDatabase();
    const sites = labSites({ vms: 5, groups: 2 });
    lab = await aLab(db.url, sites);
    node = await aNode(db.database, lab.provider);
    const plan = await aPlan(db.database, sites, { vms: { "vm-1": { targetIp: "10.9.0.1" } }, testNetwork: false });
    planId = plan.planId;
  });
  let planId: string;
  afterAll(async () => {
    await node?.close();
    await lab?.close();
    await db?.drop();
  });

  it("brings every machine up, leaves the protected site alone, numbers its events without a gap, and leaves nothing behind", async () => {
    const protectedVms = (await lab.provider.inventory("site-a", AbortSignal.timeout(60_000))).virtualMachines;
    const turn = vi.spyOn(turns, "next");
    const { recoveryId } = await node.recoveries.start(operator, { planId, recoveryType: "TEST" });
    const run = await ended(db.database, recoveryId);
    expect(turn).toHaveBeenCalled(); // its tree is written in turns
    expect(run.steps.filter(({ status }) => status !== "SUCCEEDED")).toEqual([]);
    expect(run).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS", vmsSucceeded: 5, vmsFailed: 0, progressPercent: 100 });
    const events = await eventsOf(db.database, recoveryId);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.event.kind).toBe("RECOVERY_ENDED");

    const cleanup = await node.recoveries.cleanup(operator, { planId });
    const cleaned = await ended(db.database, cleanup.recoveryId);
    expect(cleaned).toMatchObject({ state: "COMPLETED", resultState: "SUCCESS" });
    expect(await lab.provider.artefacts("site-b", recoveryId, AbortSignal.timeout(60_000))).toEqual([]);
    expect((await effects(lab, recoveryId)).length).toBeGreaterThan(0);
    expect((await lab.ledger()).filter(({ siteId }) => siteId === "site-a")).toEqual([]);
    expect((await lab.provider.inventory("site-a", AbortSignal.timeout(60_000))).virtualMachines).toEqual(protectedVms);
  });
});
