import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { anAsker } from "../../domain/read/support.ts";
import { done, registerForGood } from "../../support/lab-recovery.ts";
import { operator } from "../../support/node.ts";
import { readRun, until } from "../../support/run.ts";
import { aReplicationStage, killOwner, newestEvent, type ReplicationStage, realRecovery, told } from "./stage.ts";

let at: ReplicationStage;
beforeAll(async () => {
  at = await aReplicationStage();
});
afterAll(() => at?.close());

const seconds = (from: Date | null, to: Date) => (to.getTime() - (from?.getTime() ?? 0)) / 1000;
const synchronised = async (cycleId: string | null) =>
  (await at.stage.lab.ledger(cycleId ?? "none")).filter(({ kind }) => kind === "synchronise").length;

describe("a group's replication cycle", () => {
  it("starts every half of its RPO, and 30 s apart at least; a snapshot group's as often as it says", async () => {
    const { prisma } = at.stage.db.database;
    const scene = await at.replicated();
    const first = await scene.cycle();
    expect(seconds(first.startedAt, first.nextAt)).toBe(450);
    await prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { rpoMinutes: 1 } });
    const second = await scene.again();
    expect(seconds(second.startedAt, second.nextAt)).toBe(30);
    await prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { rpoMinutes: 10, snapshotIntervalMinutes: 10 } });
    const third = await scene.again();
    expect(seconds(third.startedAt, third.nextAt)).toBe(600);
  });

  it("starts when its time has come and not before, and at once when the RPO was made shorter", async () => {
    const { db } = at.stage;
    const scene = await at.replicated();
    const { epoch } = await scene.cycle();
    await db.shiftClock(440);
    const other = await at.replicated(); // whose first cycle was claimed later
    expect((await scene.cycle()).epoch).toBe(epoch);
    await db.shiftClock(460);
    await until(async () => (await scene.cycle()).epoch > epoch, "the next cycle");
    await db.database.prisma.protectionGroup.update({ where: { id: other.groupId }, data: { rpoMinutes: 1 } });
    const before = (await other.cycle()).epoch;
    await db.shiftClock(500);
    await until(async () => (await other.cycle()).epoch > before, "the cycle of the shorter RPO");
    await db.shiftClock(0);
  });

  it("yields one point of one moment for all members, and says when they were synchronised last", async () => {
    const { lab, db } = at.stage;
    const scene = await at.replicated();
    await scene.again();
    const [pointId = ""] = await scene.points();
    const point = await db.database.prisma.recoveryPoint.findFirstOrThrow({ where: { groupId: scene.groupId, externalId: pointId } });
    const members = await db.database.prisma.protectedVm.findMany({ where: { groupId: scene.groupId } });
    expect(members.map(({ lastSyncAt, replicationState }) => ({ lastSyncAt, replicationState }))).toEqual(
      members.map(() => ({ lastSyncAt: point.takenAt, replicationState: "SYNCED" })),
    );
    const { snapshotId } = await done(lab, scene.sites.recoverySite, "promote", { groupId: scene.externalId, pointId });
    const held = [];
    for (const vm of scene.sites.vms) held.push(await lab.content(await registerForGood({ ...lab, sites: scene.sites }, vm, snapshotId)));
    expect(held.map((content) => content?.at(-1)?.to)).toEqual(scene.sites.vms.map(() => point.takenAt.toISOString()));
  });

  it("is announced when what it says changes, and not each time", async () => {
    const scene = await at.replicated();
    const since = await newestEvent(at.stage);
    await scene.again();
    await scene.again();
    expect(await told(at.stage, scene, since)).toEqual([]);
  });

  it("is done by one of several nodes", async () => {
    await at.another();
    const scenes = await Promise.all(Array.from({ length: 6 }, () => at.replicated({ machines: 1 })));
    for (const scene of scenes) {
      const { epoch } = await scene.again();
      expect({ epoch, points: (await scene.points()).length }).toEqual({ epoch: 2n, points: 1 });
    }
  });
});

describe("a cycle whose owner dies", () => {
  it.each(["BEFORE", "AFTER"] as const)(
    "%s its order is done is gone on with under its intent, and nothing is copied twice",
    async (when) => {
      const { lab } = at.stage;
      const scene = await at.replicated();
      const held = await lab.faults.hold({ kind: "synchronise", target: scene.externalId, when });
      await scene.due();
      await held.arrived;
      const { cycleId, epoch } = await scene.cycle();
      await killOwner(at.stage, scene.groupId);
      await until(async () => (await scene.cycle()).owner === null && (await scene.cycle()).epoch > epoch, "the successor's end");
      await held.release();
      await scene.again(); // by then the dead owner has woken up
      expect(await synchronised(cycleId)).toBe(1);
      expect(await scene.points()).toEqual(await scene.pointsAtSite());
      expect((await scene.cycle()).failures).toBe(0);
    },
  );
});

describe("a cycle that fails", () => {
  it("keeps its error, waits longer each time, and is told once, until it is well again", async () => {
    const { lab } = at.stage;
    const scene = await at.replicated();
    const heal = await lab.faults.fail({
      kind: "synchronise",
      target: scene.externalId,
      failure: "PERMANENT",
      times: Infinity,
      message: "The array is full.",
    });
    const since = await newestEvent(at.stage);
    const first = await scene.again();
    expect(first).toMatchObject({ failures: 1, error: "The array is full.", cycleId: null });
    const { ask } = await anAsker(at.stage.db);
    const query = "query ($id: ID!) { protectionGroup(id: $id) { replicationError } }";
    const shown = () => ask(query, { id: encodeId("ProtectionGroup", scene.groupId) });
    expect(await shown()).toEqual({ protectionGroup: { replicationError: "The array is full." } });
    expect(await scene.states()).toEqual(["ERROR", "ERROR"]);
    const events = await told(at.stage, scene, since);
    expect(events.toSorted()).toEqual(["PROTECTION_GROUP_CHANGED", "VM_CHANGED", "VM_CHANGED"]);
    const second = await scene.again();
    expect(second.failures).toBe(2);
    expect(seconds(second.startedAt, second.nextAt)).toBeGreaterThan(seconds(first.startedAt, first.nextAt) + 15);
    expect(await told(at.stage, scene, since)).toEqual(events);
    await heal();
    expect(await scene.again()).toMatchObject({ failures: 0, error: null });
    expect(await shown()).toEqual({ protectionGroup: { replicationError: null } });
    expect(await scene.states()).toEqual(["SYNCED", "SYNCED"]);
    expect(await told(at.stage, scene, since)).toHaveLength(6);
  });

  it("without an answer keeps its intent, and its successor takes what the site did meanwhile", { timeout: 60_000 }, async () => {
    const { lab } = at.stage;
    const scene = await at.replicated();
    const lost = await lab.faults.hold({ kind: "synchronise", target: scene.externalId, when: "AFTER", times: Infinity });
    const node = await at.another({ callTimeoutMs: 250 });
    await at.stage.node.close();
    const failed = await scene.again();
    expect(failed).toMatchObject({ failures: 1, error: "the site did not answer in time" });
    expect(failed.cycleId).not.toBeNull();
    await node.close();
    await lost.release();
    await at.another();
    await scene.again();
    expect(await synchronised(failed.cycleId)).toBe(1);
    expect(await scene.points()).toEqual(await scene.pointsAtSite());
    expect(await scene.cycle()).toMatchObject({ failures: 0, cycleId: null });
  });
});

it("the lag that clients are told grows while the link is down, in seconds and in minutes rounded up, and falls once it is up", async () => {
  const { lab, db } = at.stage;
  const scene = await at.replicated({ machines: 1 });
  const { ask } = await anAsker(db);
  const [vmId = ""] = scene.vmIds.values();
  const query =
    "query ($id: ID!) { node(id: $id) { ... on VirtualMachine { replicationInfo { state lagSeconds lagMinutes lastSyncTime } } } }";
  const shown = () => ask(query, { id: encodeId("VirtualMachine", vmId) });
  const heal = await lab.faults.cutLink(scene.sites.protectedSite, scene.sites.recoverySite);
  expect(await scene.again()).toMatchObject({ failures: 1 });
  const { lastSyncAt } = await db.database.prisma.protectedVm.findUniqueOrThrow({ where: { vmId } });
  for (const down of [125, 190]) {
    await db.shiftClock(down);
    const age = Math.floor((Date.now() - (lastSyncAt?.getTime() ?? 0)) / 1000) + down;
    const info = {
      state: "ERROR",
      lagSeconds: expect.toSatisfy((lag: number) => lag >= age && lag < age + 5),
      lagMinutes: Math.ceil(age / 60),
    };
    expect(await shown()).toEqual({ node: { replicationInfo: { ...info, lastSyncTime: lastSyncAt?.toISOString() } } });
  }
  await db.shiftClock(0);
  await heal();
  await scene.again();
  expect(await shown()).toMatchObject({
    node: { replicationInfo: { state: "SYNCED", lagSeconds: expect.toSatisfy((lag: number) => lag < 60) } },
  });
});

it("replication goes on while a test runs", async () => {
  const scene = await at.replicated();
  await scene.test();
  const points = await scene.points();
  await scene.again();
  expect((await scene.points())[0]).not.toBe(points[0]);
  expect(await scene.states()).toEqual(["SYNCED", "SYNCED"]);
});

describe("a real recovery", () => {
  it("suspends replication: its VMs are PAUSED, told once, and nothing is copied until it gives the group back", async () => {
    const { prisma } = at.stage.db.database;
    const scene = await at.replicated();
    const other = await at.replicated();
    const points = await scene.points();
    const since = await newestEvent(at.stage);
    const runId = await realRecovery(at.stage, scene, "PLANNED");
    await until(async () => (await scene.states()).every((state) => state === "PAUSED"), "PAUSED");
    await other.again();
    expect(await scene.points()).toEqual(points);
    expect((await told(at.stage, scene, since)).filter((kind) => kind === "VM_CHANGED")).toHaveLength(2);
    await prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { state: "RECOVERED" } });
    await prisma.groupUse.deleteMany({ where: { runId } });
    await other.again();
    expect(await scene.states()).toEqual(["PAUSED", "PAUSED"]);
    await prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { state: "READY" } });
    await until(async () => (await scene.states()).every((state) => state === "SYNCED"), "SYNCED again");
    expect(await scene.points()).not.toEqual(points);
  });

  it("that is cancelled and rolled back lets replication go on", async () => {
    const { lab, node } = at.stage;
    const scene = await at.replicated();
    await lab.faults.fail({ site: scene.sites.protectedSite, kind: "setStorageReadOnly", failure: "PERMANENT" });
    const { recoveryId } = await node.recoveries.start(operator, { planId: scene.planId, recoveryType: "PLANNED" });
    await until(async () => (await scene.states()).every((state) => state === "PAUSED"), "PAUSED");
    await until(async () => (await readRun(at.stage.db.database, recoveryId)).state === "PAUSED", "a failure");
    const points = await scene.points();
    await node.recoveries.cancel(operator, { recoveryId });
    expect((await scene.end(recoveryId)).step("ROLL_BACK").status).toBe("SUCCEEDED");
    await until(async () => (await scene.states()).every((state) => state === "SYNCED"), "SYNCED again");
    expect(await scene.points()).not.toEqual(points);
  });

  it("that promotes while a copy is being ordered gets no point behind its back, and the refusal is no failure", async () => {
    const { lab } = at.stage;
    const scene = await at.replicated();
    const points = await scene.points();
    const held = await lab.faults.hold({ kind: "synchronise", target: scene.externalId, when: "BEFORE" });
    await scene.due();
    await held.arrived;
    await realRecovery(at.stage, scene, "DISASTER");
    await done(lab, scene.sites.recoverySite, "promote", { groupId: scene.externalId, pointId: points[0] ?? "" });
    await held.release();
    await until(async () => (await scene.states()).every((state) => state === "PAUSED"), "PAUSED");
    expect(await scene.cycle()).toMatchObject({ cycleId: null, owner: null, failures: 0, error: null });
    expect(await scene.points()).toEqual(points);
    expect(await scene.pointsAtSite()).toEqual(points);
  });
});
