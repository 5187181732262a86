/** A history with all that figures go wrong at: borders of ranges, leap days, midnights, nothing at all, failures only, what is deleted since. */
import type { Database } from "../../../../src/database/database.ts";
import { aGroup, aPair, aPlan, type GroupRows } from "../../../support/rows.ts";
import { lagOf } from "./lag.ts";
import { numbers } from "./numbers.ts";
import { readinessOf } from "./readiness.ts";
import { runsOf } from "./runs.ts";

export const range = { start: new Date("2024-02-28T00:00:00Z"), end: new Date("2024-03-02T00:00:00Z") };

/** `shared` is in two plans, `gone` in one that is deleted. */
export interface HistoryGroups {
  readonly shared: GroupRows;
  readonly own: GroupRows;
  readonly gone: GroupRows;
}

/** By their ids. */
export interface HistoryPlans {
  readonly busy: string;
  readonly failing: string;
  readonly idle: string;
  readonly untargeted: string;
  readonly deleted: string;
}

export async function aHistory(database: Database, seed: number): Promise<HistoryPlans> {
  const { prisma } = database;
  const chance = numbers(seed);
  const pair = await aPair(database, `Pair ${seed}`);
  const groups: HistoryGroups = {
    shared: await aGroup(database, pair, `shared-${seed}`, 3),
    own: await aGroup(database, pair, `own-${seed}`, 2),
    gone: await aGroup(database, pair, `gone-${seed}`, 2),
  };
  const { shared, own, gone } = groups;
  const plan = (name: string, of: readonly GroupRows[], target: number | null) =>
    aPlan(database, pair, `${name}-${seed}`, [{ groupIds: of.map(({ groupId }) => groupId) }]).then(async (id) => {
      await prisma.recoveryPlan.update({ where: { id }, data: { rtoTargetSeconds: target } });
      return id;
    });
  const plans: HistoryPlans = {
    busy: await plan("busy", [shared, own], 600),
    failing: await plan("failing", [shared], 600),
    idle: await plan("idle", [], 900),
    untargeted: await plan("untargeted", [own], null),
    deleted: await plan("deleted", [gone], 600),
  };
  await runsOf(database, chance, pair.pairingId, plans, groups);
  await lagOf(database, chance, plans, groups);
  await readinessOf(database, plans, pair.recoverySiteId);
  // A group in trouble without any replica, a VM that has never been synchronised, points of which one is only half there.
  await prisma.protectionGroup.update({
    where: { id: gone.groupId },
    data: { faultCode: "STORAGE_LOST", faultMessage: "Its storage is gone." },
  });
  await prisma.protectedVm.updateMany({
    where: { vmId: { in: [shared.vmIds[2] ?? "", ...gone.vmIds] } },
    data: { lastSyncAt: null, replicationState: "SYNCING", protectionState: "NOT_CONFIGURED" },
  });
  await prisma.recoveryPoint.createMany({
    data: [true, true, false].map((complete, at) => ({
      groupId: own.groupId,
      externalId: `point-${at}`,
      takenAt: new Date(range.start.getTime() + at * 60_000),
      complete,
    })),
  });
  // A test is under way in it; and of one history a site is lost.
  await prisma.recoveryPlan.update({ where: { id: plans.untargeted }, data: { lifecycle: "TEST_IN_PROGRESS" } });
  if (seed === 3) await prisma.site.update({ where: { id: pair.recoverySiteId }, data: { state: "DISCONNECTED" } });
  // Their rows are gone, what was measured of them is not.
  await prisma.recoveryPlan.delete({ where: { id: plans.deleted } });
  await prisma.protectedVm.deleteMany({ where: { vmId: own.vmIds[1] ?? "" } });
  await prisma.virtualMachine.delete({ where: { id: own.vmIds[1] ?? "" } });
  return plans;
}
