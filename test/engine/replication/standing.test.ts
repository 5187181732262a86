import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeeper } from "../../../src/engine/replication/keeper.ts";
import { keepStanding } from "../../../src/engine/replication/standing.ts";
import { readTold } from "../../../src/engine/replication/told.ts";
import { appendChanges } from "../../../src/events/changes.ts";
import { aReplicationStage, type ReplicationStage, realRecovery } from "./stage.ts";

let at: ReplicationStage;
beforeAll(async () => {
  at = await aReplicationStage();
});
afterAll(() => at?.close());

describe("a replication cycle", () => {
  it("is compared with its group after each change of it in the log, and all seldom while there is none", async () => {
    const { pool, prisma } = at.stage.db.database;
    const scene = await at.replicated();
    const { groupId } = scene;
    const compared: (readonly string[] | null)[] = [];
    let position = 0n;
    let groupIds: readonly string[] | null = null;
    const look = createKeeper({
      keep: (ids) => {
        compared.push(ids);
        return keepStanding(pool, 30, ids);
      },
      told: async (since) => ({ newest: position, groupIds: since === null ? null : since === position ? [] : groupIds }),
      restTimes: 0,
    });
    const looks = async (count: number) => {
      compared.length = 0;
      for (let left = count; left > 0; left--) await look();
      return compared;
    };
    const change = (ids: readonly string[] | null) => {
      position++;
      groupIds = ids;
    };
    expect(await looks(10), "when it starts").toEqual([null, null]);
    change([groupId]);
    expect(await looks(10)).toEqual([[groupId], [groupId]]);
    change([]);
    expect(await looks(5), "of other things").toEqual([]);
    expect(await looks(60), "nothing is forgotten for good").toEqual([null, null]);
    change(null);
    expect(await looks(20), "after a gap").toEqual([null, null]);
    // Held before the recovery begins, or the stage's own node may suspend the cycle in between.
    await prisma.replicationCycle.update({ where: { groupId }, data: { owner: randomUUID(), leaseUntil: new Date("2999-01-01") } });
    await realRecovery(at.stage, scene, "PLANNED");
    change([groupId]);
    expect(await looks(20), "the cycle under way is waited for").toHaveLength(20);
    await prisma.replicationCycle.update({ where: { groupId }, data: { owner: null, leaseUntil: null } });
    expect(await looks(5)).toEqual([[groupId]]);
  });

  it("that can't be compared is compared with all others as soon as that is possible", async () => {
    const compared: (readonly string[] | null)[] = [];
    let fails = false;
    const look = createKeeper({
      keep: async (ids) => {
        compared.push(ids);
        if (fails) throw new Error("the database is away");
        return { changes: 0, unfinished: [] };
      },
      told: async (since) => ({ newest: 1n, groupIds: since === null ? null : compared.length === 2 ? ["a group"] : [] }),
      restTimes: 0,
    });
    await look();
    await look();
    fails = true;
    await expect(look()).rejects.toThrow("away");
    fails = false;
    await look();
    expect(compared).toEqual([null, null, ["a group"], null]);
  });

  it("is told of by the log once, but not across a gap, nor by one that is not as long", async () => {
    const { pool } = at.stage.db.database;
    const { groupId } = await at.replicated();
    const { newest, groupIds } = await readTold(pool, null);
    expect(groupIds).toBeNull();
    await appendChanges(pool, [{ kind: "PROTECTION_GROUP_CHANGED", id: groupId, change: "UPDATED" }]);
    const told = await readTold(pool, newest);
    expect(told.groupIds).toContain(groupId);
    expect((await readTold(pool, told.newest)).groupIds).not.toContain(groupId);
    expect((await readTold(pool, told.newest + 1_000n)).groupIds).toBeNull();
    expect((await readTold(pool, -1n)).groupIds, "before what is kept").toBeNull();
  });

  it("starts at once when the RPO was made shorter before the first one", async () => {
    const { pool, prisma } = at.stage.db.database;
    const { groupId } = await at.replicated();
    const cycle = () => prisma.replicationCycle.findUniqueOrThrow({ where: { groupId } });
    // Protected with a point that something else has made; nothing was copied by a cycle yet.
    await prisma.replicationCycle.update({
      where: { groupId },
      data: { startedAt: null, lastSuccessAt: null, nextAt: new Date(Date.now() + 400_000) },
    });
    await pool.query("UPDATE recovery_point SET taken_at = dr_now() - interval '30 seconds' WHERE group_id = $1", [groupId]);
    await prisma.protectionGroup.update({ where: { id: groupId }, data: { rpoMinutes: 4 } });
    await keepStanding(pool, 30, [groupId]);
    const left = ((await cycle()).nextAt.getTime() - Date.now()) / 1_000;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(90);
  });
});
