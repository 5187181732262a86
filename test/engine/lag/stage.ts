/** Groups whose points are set by hand, on a database whose clock is moved. */
import { expect } from "vitest";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aGroup, aPair, type GroupRows, type PairRows } from "../../support/rows.ts";

export const minute = 60;
export const hour = 60 * minute;
/** Within 5 s. */
export const around = (seconds: number) => expect.closeTo(seconds, -1);

/** In seconds since its group was replicated. */
export interface SeenViolation {
  readonly opened: number | null;
  readonly closed: number | null;
  readonly critical: number | null;
  readonly cause: string;
  readonly worst: number;
}

export interface LagStage {
  readonly db: TestDatabase;
  readonly pair: PairRows;
  /** Its RPO is 15 minutes; its first point is of the moment 0, and measured then. */
  replicated(vms?: number): Promise<GroupRows>;
  point(groupId: string, takenAt: number, completedAt?: number | null): Promise<{ readonly id: string }>;
  /** Of so many seconds after the moment 0. */
  moment(seconds: number): Date;
  /** Seconds after the moment 0. */
  since(time: Date): number;
  clockAt(seconds: number): Promise<void>;
  /** The clock may stand a little later than asked: what is measured is as late. */
  measureAt(seconds: number): Promise<void>;
  violations(groupId: string): Promise<SeenViolation[]>;
  /** Nothing is measured any more, and no group is. */
  reset(): Promise<void>;
}

export async function aLagStage(): Promise<LagStage> {
  const db = await freshDatabase();
  const { prisma, pool } = db.database;
  const pair = await aPair(db.database);
  /** The database's real time when the newest group was replicated. */
  let start = 0;
  let [groups, points] = [0, 0];
  const moment = (seconds: number) => new Date(start + seconds * 1000);
  const since = (time: Date) => (time.getTime() - start) / 1000;
  const secondsOf = (time: Date | null) => (time === null ? null : Math.round(since(time)));
  const clockAt = (seconds: number) => db.shiftClock(seconds - (Date.now() - start) / 1000);
  const point: LagStage["point"] = (groupId, takenAt, completedAt = takenAt) => {
    const times = { takenAt: moment(takenAt), completedAt: completedAt === null ? null : moment(completedAt) };
    return prisma.recoveryPoint.create({ data: { groupId, externalId: `point-${++points}`, complete: true, ...times } });
  };
  return {
    db,
    pair,
    moment,
    since,
    clockAt,
    point,
    async replicated(vms = 1) {
      const group = await aGroup(db.database, pair, `group-${++groups}`, vms);
      const { rows } = await pool.query<{ now: Date }>("SELECT dr_now() AS now");
      start = rows[0]?.now.getTime() ?? 0;
      await point(group.groupId, 0);
      await measureLag(pool);
      return group;
    },
    async measureAt(seconds) {
      await clockAt(seconds);
      await measureLag(pool);
    },
    async violations(groupId) {
      const found = await prisma.rpoViolation.findMany({ where: { groupId }, orderBy: [{ openedAt: "asc" }, { vmName: "asc" }] });
      return found.map(({ openedAt, closedAt, criticalSince, cause, worstLagSeconds }) => ({
        opened: secondsOf(openedAt),
        closed: secondsOf(closedAt),
        critical: secondsOf(criticalSince),
        cause,
        worst: worstLagSeconds,
      }));
    },
    async reset() {
      await pool.query("TRUNCATE lag_sample, lag_sample_open, rpo_violation, group_lag, completed_point, event");
      await prisma.protectionGroup.updateMany({ data: { state: "NOT_READY" } });
    },
  };
}
