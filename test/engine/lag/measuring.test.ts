import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { lagHistory } from "../../../src/engine/lag/history.ts";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import { startMeasuring } from "../../../src/engine/lag/measuring.ts";
import { mostSamples, resolutions } from "../../../src/engine/lag/resolutions.ts";
import { expireLag } from "../../../src/engine/lag/retention.ts";
import { aPlan } from "../../support/rows.ts";
import { aLagStage, hour, type LagStage, minute } from "./stage.ts";

let stage: LagStage;
beforeAll(async () => {
  stage = await aLagStage();
});
afterEach(() => stage.reset());
afterAll(() => stage?.db.drop());

describe("measuring", () => {
  it("tells of a violation when it begins, turns critical and ends, and of its group; not of each measurement", async () => {
    const { db, pair, replicated, point, measureAt } = stage;
    const { groupId } = await replicated();
    await aPlan(db.database, pair, `plan of ${groupId}`, [{ groupIds: [groupId] }]);
    const told = async (at: number) => {
      await db.database.pool.query("DELETE FROM event");
      await measureAt(at);
      const { rows } = await db.database.pool.query(
        "SELECT payload ->> 'kind' AS kind, payload ->> 'change' AS change FROM event ORDER BY position",
      );
      return rows.map(({ kind, change }) => `${kind} ${change}`);
    };
    const followed = ["PROTECTION_GROUP_CHANGED UPDATED", "PLAN_CHANGED UPDATED"];
    expect(await told(16 * minute)).toEqual(["RPO_VIOLATION_CHANGED CREATED", ...followed]);
    expect(await told(17 * minute)).toEqual([]);
    expect(await told(46 * minute)).toEqual(["RPO_VIOLATION_CHANGED UPDATED", ...followed]);
    await point(groupId, 47 * minute);
    expect(await told(48 * minute)).toEqual(["RPO_VIOLATION_CHANGED UPDATED", ...followed]);
  });

  it("at once by several nodes measures every moment once, for the group, its plan and its site", async () => {
    const { db, pair, replicated, since, clockAt } = stage;
    const { groupId } = await replicated(3);
    const planId = await aPlan(db.database, pair, `plan of ${groupId}`, [{ groupIds: [groupId] }]);
    await clockAt(hour);
    await Promise.all([1, 2, 3].map(() => measureLag(db.database.pool)));
    const last = await db.database.prisma.groupLag.findUniqueOrThrow({ where: { groupId } });
    for (const subjectId of [groupId, planId, pair.protectedSiteId]) {
      for (const { stepSeconds } of resolutions) {
        const { rows } = await db.database.pool.query(
          `SELECT sum(vm_seconds) AS measured, sum(late_vm_seconds) AS late, max(max_lag_seconds) AS worst FROM ${lagHistory} s
            WHERE subject_id = $1 AND step_seconds = $2`,
          [subjectId, stepSeconds],
        );
        const measured = since(last.measuredAt);
        expect(rows[0].measured).toBeCloseTo(3 * measured, -1);
        expect(rows[0].late).toBeCloseTo(3 * (measured - 15 * minute), -1);
        expect(rows[0].worst).toBe(Math.ceil(measured));
      }
    }
  });

  it("by the timers of nodes that were away for hours leads to what measuring all the time would have, hour by hour", async () => {
    const { db, pair, replicated, point, moment } = stage;
    const { pool } = db.database;
    const { groupId } = await replicated(2);
    await aPlan(db.database, pair, `plan of ${groupId}`, [{ groupIds: [groupId] }]);
    const rows = async (text: string) => (await pool.query(text)).rows;
    const [last] = await rows("SELECT * FROM group_lag");
    for (const at of [10, 20, 62, 71, 140, 290, 291, 355]) await point(groupId, at * minute, (at + 1) * minute);
    const found = async () => ({
      samples: await rows(`SELECT * FROM ${lagHistory} s ORDER BY subject_id, step_seconds, starts_at`),
      violations: await rows(`SELECT vm_id, opened_at, closed_at, critical_since, worst_lag_seconds, current_lag_seconds, plan_ids
        FROM rpo_violation ORDER BY opened_at, vm_id`),
    });
    const stopClockAt = (seconds: number) => {
      const now = `SELECT timestamptz ''${moment(seconds).toISOString()}''`;
      return pool.query(`CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${now}'`);
    };
    for (let at = 20 * minute; at <= 6 * hour; at += 20 * minute) {
      await stopClockAt(at);
      await measureLag(pool);
    }
    const measured = await found();
    expect(measured.violations).toHaveLength(2 * 4);

    await pool.query("TRUNCATE lag_sample, lag_sample_open, rpo_violation");
    await pool.query("UPDATE group_lag SET measured_at = $1, point_taken_at = $2", [last.measured_at, last.point_taken_at]);
    await pool.query(
      `INSERT INTO completed_point (group_id, taken_at, completed_at)
        SELECT group_id, taken_at, completed_at FROM recovery_point WHERE group_id = $1 AND taken_at > $2`,
      [groupId, last.point_taken_at],
    );
    const connections = vi.spyOn(pool, "connect");
    let announced = 0;
    const log = { warn: (details: object) => expect.unreachable(JSON.stringify(details)) };
    const nodes = [0, 1].map(() => startMeasuring({ pool, announce: () => announced++, log }));
    await Promise.all(nodes.map((one) => one.run()));
    await Promise.all(nodes.map((one) => one.close()));
    expect(connections.mock.calls.length).toBeLessThanOrEqual(6 + 2 + 1); // an hour at a time, a lock for each node, and the other one's look
    connections.mockRestore();
    expect(announced).toBe(1);
    const sums = ["vm_seconds", "lag_vm_seconds", "late_vm_seconds"]; // of other pieces
    const about = (row: object) =>
      Object.entries(row).map(([name, value]) => [name, sums.includes(name) ? expect.closeTo(value, 3) : value]);
    expect(await found()).toEqual({ ...measured, samples: measured.samples.map((row) => Object.fromEntries(about(row))) });
    await db.shiftClock(1);
  });

  it("costs as many statements for 60 VMs as for one, also when all of them are late", async () => {
    const { db, replicated, measureAt, violations } = stage;
    const counts = [];
    for (const vms of [1, 60]) {
      const { groupId } = await replicated(vms);
      await measureAt(10 * minute);
      const client = await db.database.pool.connect();
      const spy = vi.spyOn(Object.getPrototypeOf(client), "query");
      client.release();
      await measureAt(20 * minute);
      counts.push(spy.mock.calls.length);
      spy.mockRestore();
      expect(await violations(groupId)).toHaveLength(vms);
      await db.database.prisma.protectionGroup.update({ where: { id: groupId }, data: { state: "NOT_READY" } });
    }
    expect(counts[1]).toBe(counts[0]);
    expect(counts[0]).toBeLessThan(16);
  });

  it("keeps steps that are under way apart, and moves each when it is over, also that of a group that counts no more", async () => {
    const { db, replicated, moment, clockAt } = stage;
    const { pool, prisma } = db.database;
    const { groupId } = await replicated();
    const steps = async (table: "lagSample" | "lagSampleOpen") => {
      const where = { subjectId: groupId, stepSeconds: 300 };
      const orderBy = { startsAt: "asc" } as const;
      const found =
        table === "lagSample"
          ? await prisma.lagSample.findMany({ where, orderBy })
          : await prisma.lagSampleOpen.findMany({ where, orderBy });
      return found.map(({ startsAt, vmSeconds }) => [(startsAt.getTime() - first) / 300_000, Math.round(vmSeconds)]);
    };
    /** A step of five minutes that begins in the future. */
    const first = Math.ceil(moment(60).getTime() / 300_000) * 300_000;
    const measureAt = async (seconds: number) => {
      await clockAt((first - moment(0).getTime()) / 1000 + seconds);
      const now = `SELECT to_timestamp(${first / 1000 + seconds})`;
      await pool.query(`CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${now}'`);
      await measureLag(pool);
    };
    await measureAt(0);
    await pool.query("TRUNCATE lag_sample, lag_sample_open");
    await measureAt(100);
    await measureAt(200);
    expect([await steps("lagSample"), await steps("lagSampleOpen")]).toEqual([[], [[0, 200]]]);
    await measureAt(310);
    expect([await steps("lagSample"), await steps("lagSampleOpen")]).toEqual([[[0, 300]], [[1, 10]]]);
    await measureAt(600);
    expect([await steps("lagSample"), await steps("lagSampleOpen")]).toEqual([
      [
        [0, 300],
        [1, 300],
      ],
      [],
    ]);
    await measureAt(700);
    await prisma.protectionGroup.update({ where: { id: groupId }, data: { state: "NOT_READY" } });
    await measureAt(1_000);
    expect([await steps("lagSample"), await steps("lagSampleOpen")]).toEqual([
      [
        [0, 300],
        [1, 300],
        [2, 100],
      ],
      [],
    ]);
    await measureAt(1_300);
    expect(await steps("lagSample")).toHaveLength(3);
    await db.shiftClock(1);
  });

  it("keeps as many samples as is documented, and no more, after a gap of days too", async () => {
    const { db, replicated, measureAt } = stage;
    const { groupId } = await replicated();
    await measureAt(9 * 24 * hour);
    await expireLag(db.database.pool, new AbortController().signal);
    const count = async (where: object) =>
      (await db.database.prisma.lagSample.count({ where })) + (await db.database.prisma.lagSampleOpen.count({ where }));
    expect(await count({ subjectId: groupId })).toBeLessThanOrEqual(mostSamples);
    const page = readFileSync(new URL("../../../docs/rpo.md", import.meta.url), "utf8");
    expect(page).toContain(`at most ${mostSamples.toLocaleString("en")} rows`);
    for (const { stepSeconds, keptSeconds } of resolutions) {
      const expected = Math.min(keptSeconds, 9 * 24 * hour) / stepSeconds;
      expect(Math.abs((await count({ subjectId: groupId, stepSeconds })) - expected)).toBeLessThanOrEqual(2);
    }
  });
});
