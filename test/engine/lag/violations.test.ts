import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { lagHistory } from "../../../src/engine/lag/history.ts";
import { aLagStage, around, type LagStage, minute } from "./stage.ts";

let stage: LagStage;
beforeAll(async () => {
  stage = await aLagStage();
});
afterEach(() => stage.reset());
afterAll(() => stage?.db.drop());

describe("the lag of a group", () => {
  it("is a violation from when it came to be over the RPO, critical at three times, and over when a newer point is complete", async () => {
    const { replicated, point, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await measureAt(14 * minute);
    expect(await violations(groupId)).toEqual([]);
    await measureAt(20 * minute);
    const opened = { opened: 15 * minute, closed: null, critical: null, cause: "LAG" };
    expect(await violations(groupId)).toEqual([{ ...opened, worst: around(20 * minute) }]);
    await measureAt(46 * minute);
    expect(await violations(groupId)).toEqual([{ ...opened, critical: 45 * minute, worst: around(46 * minute) }]);
    await point(groupId, 47 * minute, 48 * minute);
    await measureAt(50 * minute);
    expect(await violations(groupId)).toEqual([{ ...opened, closed: 48 * minute, critical: 45 * minute, worst: 48 * minute }]);
  });

  it("goes on when the newer point is too old itself", async () => {
    const { replicated, point, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await measureAt(20 * minute);
    await point(groupId, 5 * minute, 25 * minute);
    await measureAt(26 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: 15 * minute, closed: null, worst: 25 * minute }]);
    await point(groupId, 26 * minute, 27 * minute);
    await measureAt(28 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: 15 * minute, closed: 27 * minute, worst: 25 * minute }]);
  });

  it("is found from the points after nobody measured: what began and ended meanwhile, and what retention has dropped the point of", async () => {
    const { db, replicated, point, measureAt, violations } = stage;
    const { groupId } = await replicated(2);
    await point(groupId, 30 * minute, 31 * minute);
    await point(groupId, 37 * minute, 38 * minute);
    await db.database.prisma.recoveryPoint.deleteMany({ where: { groupId } });
    await point(groupId, 90 * minute, 91 * minute);
    await measureAt(100 * minute);
    const both = [0, 1];
    expect(await violations(groupId)).toEqual([
      ...both.map(() => ({ opened: 15 * minute, closed: 31 * minute, critical: null, cause: "LAG", worst: 31 * minute })),
      ...both.map(() => ({ opened: 52 * minute, closed: 91 * minute, critical: 82 * minute, cause: "LAG", worst: 54 * minute })),
    ]);
  });

  it("is over when its site had a newer point, although the gateway learns of it later", async () => {
    const { replicated, point, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await measureAt(30 * minute);
    await point(groupId, 20 * minute, null);
    await measureAt(31 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: 15 * minute, closed: 20 * minute }]);
  });

  it("counts again from the point before, when the site has lost the newest", async () => {
    const { db, replicated, point, measureAt, violations } = stage;
    const { groupId } = await replicated();
    const newest = await point(groupId, 16 * minute, 17 * minute);
    await measureAt(17 * minute);
    await db.database.prisma.recoveryPoint.delete({ where: { id: newest.id } });
    await measureAt(18 * minute);
    await measureAt(19 * minute);
    expect(await violations(groupId)).toMatchObject([
      { opened: 15 * minute, closed: 17 * minute },
      { opened: around(18 * minute), closed: null, worst: around(19 * minute) },
    ]);
  });

  it("does not count while a real recovery has the group, and from its end on afterwards", async () => {
    const { db, replicated, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await measureAt(16 * minute);
    await db.database.prisma.protectionGroup.update({ where: { id: groupId }, data: { state: "RECOVERED" } });
    await measureAt(20 * minute);
    await measureAt(40 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: 15 * minute, closed: around(20 * minute) }]);
    await db.database.prisma.protectionGroup.update({ where: { id: groupId }, data: { state: "READY" } });
    await measureAt(41 * minute);
    expect(await violations(groupId)).toMatchObject([{}, { opened: around(40 * minute), closed: null }]);
    const { rows } = await db.database.pool.query(
      `SELECT sum(vm_seconds)::float8 AS s FROM ${lagHistory} s WHERE subject_id = $1 AND step_seconds = 60`,
      [groupId],
    );
    expect(rows[0].s).toBeCloseTo(17 * minute, -1);
  });

  it("of a VM that leaves the group, or is not replicated yet, does not count", async () => {
    const { db, replicated, measureAt, violations } = stage;
    const { groupId, vmIds } = await replicated(3);
    await db.database.prisma.protectedVm.update({ where: { vmId: vmIds[2] ?? "" }, data: { lastSyncAt: null } });
    await measureAt(16 * minute);
    expect(await violations(groupId)).toHaveLength(2);
    await db.database.prisma.protectedVm.delete({ where: { vmId: vmIds[0] ?? "" } });
    await measureAt(17 * minute);
    expect((await violations(groupId)).map(({ closed }) => closed)).toEqual([around(17 * minute), null]);
  });

  it("is judged by a new RPO from the next measurement on", async () => {
    const { db, replicated, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await measureAt(10 * minute);
    await db.database.prisma.protectionGroup.update({ where: { id: groupId }, data: { rpoMinutes: 5 } });
    await measureAt(11 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: around(10 * minute), closed: null }]);
    await db.database.prisma.protectionGroup.update({ where: { id: groupId }, data: { rpoMinutes: 60 } });
    await measureAt(12 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: around(10 * minute), closed: around(11 * minute) }]);
  });

  it("has the cause that explains the most: a lost site, paused or failed replication, or none that is known", async () => {
    const { db, pair, replicated, measureAt, violations } = stage;
    const { prisma } = db.database;
    const { groupId } = await replicated();
    await measureAt(16 * minute);
    const cause = async (at: number) => {
      await measureAt(at);
      return (await violations(groupId))[0]?.cause;
    };
    await prisma.replicationCycle.create({ data: { groupId, error: "no space" } });
    expect(await cause(17 * minute)).toBe("SYNC_FAILED");
    await prisma.protectedVm.updateMany({ where: { groupId }, data: { replicationState: "PAUSED" } });
    expect(await cause(18 * minute)).toBe("PAUSED");
    await prisma.site.update({ where: { id: pair.protectedSiteId }, data: { state: "DISCONNECTED" } });
    expect(await cause(19 * minute)).toBe("SITE_DISCONNECTED");
    await prisma.site.update({ where: { id: pair.protectedSiteId }, data: { state: "CONNECTED" } });
    await prisma.replicationCycle.delete({ where: { groupId } });
    expect(await cause(20 * minute)).toBe("SITE_DISCONNECTED");
  });

  it("of a group that was never measured is told by its points", async () => {
    const { db, replicated, measureAt, violations } = stage;
    const { groupId } = await replicated();
    await db.database.pool.query("TRUNCATE group_lag, completed_point");
    await measureAt(40 * minute);
    expect(await violations(groupId)).toMatchObject([{ opened: 15 * minute, closed: null }]);
  });
});
