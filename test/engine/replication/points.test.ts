import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KeptPoint, pointsTooMany } from "../../../src/engine/replication/retention-rule.ts";
import { done } from "../../support/lab-recovery.ts";
import { recordStatements } from "../../support/large-tables.ts";
import { until } from "../../support/run.ts";
import { aReplicationStage, killOwner, type Replicated, type ReplicationStage } from "./stage.ts";

let at: ReplicationStage;
beforeAll(async () => {
  at = await aReplicationStage();
});
afterAll(() => at?.close());

const keep = (scene: Replicated, pointInTimeInstances: number) =>
  at.stage.db.database.prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { pointInTimeInstances } });
const rowOf = (scene: Replicated, externalId: string) =>
  at.stage.db.database.prisma.recoveryPoint.findFirstOrThrow({ where: { groupId: scene.groupId, externalId } });
async function pin(scene: Replicated, externalId: string): Promise<() => Promise<unknown>> {
  const { prisma } = at.stage.db.database;
  const run = await prisma.recovery.create({
    data: {
      id: randomUUID(),
      planName: "a test",
      pairingId: scene.pairingId,
      kind: "TEST",
      options: {},
      initiatedBy: "olga",
      state: "COMPLETED",
      resultState: "SUCCESS",
      endedAt: new Date(),
    },
  });
  await prisma.recoveryPointPin.create({ data: { pointId: (await rowOf(scene, externalId)).id, runId: run.id } });
  return () => prisma.recoveryPointPin.deleteMany({ where: { runId: run.id } });
}

describe("recovery points", () => {
  it("beyond a group's pointInTimeInstances are discarded, at the site and in the catalogue, the oldest first", async () => {
    const scene = await at.replicated({ machines: 1 });
    await keep(scene, 3);
    for (let cycles = 0; cycles < 4; cycles++) await scene.again();
    const before = await scene.points();
    expect(before).toHaveLength(3);
    await scene.again();
    const after = await scene.points();
    expect(after.slice(1)).toEqual(before.slice(0, 2));
    expect(await scene.pointsAtSite()).toEqual(after);
    await at.stage.db.database.prisma.protectionGroup.update({ where: { id: scene.groupId }, data: { snapshotRetention: 1 } });
    await scene.again();
    expect([await scene.points(), await scene.pointsAtSite()].map((points) => points.length)).toEqual([1, 1]);
  });

  it("that a run works on stay for as long as it does", async () => {
    const scene = await at.replicated({ machines: 1 });
    const [pinned = ""] = await scene.points();
    const unpin = await pin(scene, pinned);
    await scene.again();
    await scene.again();
    expect(await scene.points()).toEqual([expect.any(String), pinned]);
    expect(await scene.pointsAtSite()).toContain(pinned);
    await unpin();
    await scene.again();
    expect(await scene.points()).not.toContain(pinned);
    expect(await scene.pointsAtSite()).toHaveLength(1);
  });

  it("stay while a test has yet to make its snapshot of one, which then succeeds", async () => {
    const scene = await at.replicated({ machines: 1 });
    const [chosen = ""] = await scene.points();
    const held = await at.stage.lab.faults.hold({ kind: "createSnapshot", target: scene.externalId, when: "BEFORE" });
    const recoveryId = await scene.start({ syncData: false });
    await held.arrived;
    await scene.again();
    expect(await scene.pointsAtSite()).toContain(chosen);
    await held.release();
    expect((await scene.end(recoveryId)).resultState).toBe("SUCCESS");
    await scene.again();
    expect(await scene.points()).toContain(chosen);
    expect((await scene.cleanup()).resultState).toBe("SUCCESS");
    await scene.again();
    expect(await scene.points()).toHaveLength(1);
  });

  it("are looked for among the few steps of a run that tell of points, not among all of its thousands", async () => {
    const scene = await at.replicated({ machines: 1 });
    const sent = recordStatements();
    await scene.again();
    const texts = [...sent.stop()].filter((text) => text.includes("FROM recovery_step s") || text.includes("JOIN recovery_step s"));
    expect(texts).toHaveLength(2);
    const client = await at.stage.db.database.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query(`SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text, 'reltuples', 5000000::real, 'relpages', 1)
        FROM pg_class c WHERE c.relname = 'recovery_step'`);
      for (const text of texts) {
        const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN (GENERIC_PLAN) ${text}`);
        expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("recovery_step_points");
      }
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  });

  it("that the site will not drop stay usable, and go once it does", async () => {
    const scene = await at.replicated({ machines: 1 });
    const { recoverySite } = scene.sites;
    const [pointId = ""] = await scene.points();
    const { snapshotId } = await done(at.stage.lab, recoverySite, "createSnapshot", {
      groupId: scene.externalId,
      pointId,
      name: "somebody's",
    });
    expect(await scene.again()).toMatchObject({ failures: 0 });
    expect(await scene.points()).toContain(pointId);
    await done(at.stage.lab, recoverySite, "discardSnapshot", { snapshotId });
    await scene.again();
    expect(await scene.points()).not.toContain(pointId);
  });

  it.each(["BEFORE", "AFTER"] as const)("are dropped once, when the owner dies %s the site has dropped one", async (when) => {
    const { lab } = at.stage;
    const scene = await at.replicated({ machines: 1 });
    const held = await lab.faults.hold({ kind: "discardPoint", target: scene.externalId, when });
    await scene.due();
    await held.arrived;
    const { cycleId } = await scene.cycle();
    await killOwner(at.stage, scene.groupId);
    await until(async () => (await scene.cycle()).owner === null, "the successor's end");
    await held.release();
    await scene.again();
    expect((await lab.ledger(cycleId ?? "none")).map(({ kind }) => kind)).toEqual(["synchronise", "discardPoint"]);
    expect(await scene.points()).toEqual(await scene.pointsAtSite());
    expect(await scene.points()).toHaveLength(1);
  });

  it("follow the site when a node begins, and after a failure: lost ones leave the catalogue, unknown ones are taken in", async () => {
    const { lab, db } = at.stage;
    const scene = await at.replicated({ machines: 1 });
    await keep(scene, 10);
    await scene.again();
    const [, lost = ""] = await scene.points();
    const { recoverySite: site } = scene.sites;
    const { pointId: unknown } = await done(lab, site, "synchronise", { groupId: scene.externalId });
    await done(lab, site, "discardPoint", { groupId: scene.externalId, pointId: lost });
    const afterFailure = async () => {
      await lab.faults.fail({ kind: "synchronise", target: scene.externalId, failure: "PERMANENT" });
      await scene.again();
    };
    await afterFailure();
    expect(await scene.points()).toContain(lost);
    await scene.again();
    expect(await scene.points()).not.toContain(lost);
    expect(await scene.points()).toContain(unknown);
    expect(await scene.points()).toEqual(await scene.pointsAtSite());

    const gone = await pin(scene, unknown);
    await done(lab, site, "discardPoint", { groupId: scene.externalId, pointId: unknown });
    await at.stage.node.close();
    await at.another();
    await scene.again();
    expect(await rowOf(scene, unknown)).toMatchObject({ complete: false }); // a run holds it, and nobody else may choose it
    await gone();
    await afterFailure();
    await scene.again();
    const rows = await db.database.prisma.recoveryPoint.findMany({ where: { groupId: scene.groupId }, orderBy: { takenAt: "desc" } });
    expect(rows.map(({ externalId }) => externalId)).toEqual(await scene.pointsAtSite());
  });
});

describe("retention", () => {
  type Act = { readonly kind: "COPY" } | { readonly kind: "HOLD" | "LET_GO" | "BREAK"; readonly at: number };
  const acts = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Act>({ kind: "COPY" }) },
      fc.record({ kind: fc.constantFrom("HOLD" as const, "LET_GO" as const, "BREAK" as const), at: fc.nat(20) }),
    ),
    { maxLength: 40 },
  );

  it("whatever happens keeps the newest complete point and every held one, drops the oldest first, and leaves no more than it may", () => {
    fc.assert(
      fc.property(acts, fc.integer({ min: 1, max: 5 }), (sequence, most) => {
        let points: KeptPoint[] = [];
        for (const [second, act] of sequence.entries()) {
          if (act.kind === "COPY") {
            points.push({ id: `${second}`, externalId: `p${second}`, takenAt: new Date(second * 1000), complete: true, held: false });
            const tooMany = pointsTooMany(points, most);
            const kept = points.filter((point) => !tooMany.includes(point));
            const usable = kept.filter(({ complete }) => complete);
            expect(usable.at(-1)?.id).toBe(`${second}`);
            expect(tooMany.some(({ held, complete }) => held || !complete)).toBe(false);
            expect(tooMany).toEqual(tooMany.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime()));
            expect(usable.slice(0, Math.max(0, usable.length - most)).every(({ held }) => held)).toBe(true);
            expect(usable.length).toBeGreaterThanOrEqual(Math.min(most, points.filter(({ complete }) => complete).length));
            points = kept;
          } else {
            points = points.map((point, index) => (index === act.at % points.length ? changed(point, act.kind) : point));
          }
        }
      }),
    );
  });

  const changed = (point: KeptPoint, kind: "HOLD" | "LET_GO" | "BREAK"): KeptPoint =>
    kind === "BREAK" ? { ...point, complete: false } : { ...point, held: kind === "HOLD" };
});
