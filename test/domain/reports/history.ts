/** A history with all that figures go wrong at: borders of ranges, leap days, midnights, nothing at all, failures only, what is deleted since. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../../src/database/database.ts";
import { aGroup, aPair, aPlan } from "../../support/rows.ts";

export const range = { start: new Date("2024-02-28T00:00:00Z"), end: new Date("2024-03-02T00:00:00Z") };
export const results = ["SUCCESS", "WARNING", "PARTIAL", "FAILED", "CANCELLED"] as const;

export interface HistoryPlans {
  readonly busy: string;
  readonly failing: string;
  readonly idle: string;
  readonly untargeted: string;
  readonly deleted: string;
}

/** Numbers that look like chance, and are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

export async function aHistory(database: Database, seed: number): Promise<HistoryPlans> {
  const { prisma } = database;
  const chance = numbers(seed);
  const pair = await aPair(database, `Pair ${seed}`);
  const shared = await aGroup(database, pair, `shared-${seed}`, 3);
  const own = await aGroup(database, pair, `own-${seed}`, 2);
  const gone = await aGroup(database, pair, `gone-${seed}`, 2);
  const plan = (name: string, groupIds: readonly string[], target: number | null) =>
    aPlan(database, pair, `${name}-${seed}`, [{ groupIds }]).then(async (id) => {
      await prisma.recoveryPlan.update({ where: { id }, data: { rtoTargetSeconds: target } });
      return id;
    });
  const plans: HistoryPlans = {
    busy: await plan("busy", [shared.groupId, own.groupId], 600),
    failing: await plan("failing", [shared.groupId], 600),
    idle: await plan("idle", [], 900),
    untargeted: await plan("untargeted", [own.groupId], null),
    deleted: await plan("deleted", [gone.groupId], 600),
  };

  const run = async (
    planId: string,
    at: Date,
    how: Partial<Parameters<typeof prisma.recovery.create>[0]["data"]> & { seconds: number | null },
  ) => {
    const id = uuid();
    const { seconds, ...rest } = how;
    const { name } = await prisma.recoveryPlan.findUniqueOrThrow({ where: { id: planId } });
    const result = rest.resultState ?? "SUCCESS";
    const ended =
      seconds === null
        ? {}
        : {
            state: result === "CANCELLED" || result === "FAILED" ? ("FAILED" as const) : ("COMPLETED" as const),
            resultState: result,
            endedAt: new Date(at.getTime() + seconds * 1_000),
          };
    await prisma.recovery.create({
      data: {
        id,
        planId,
        planName: name,
        pairingId: pair.pairingId,
        kind: "TEST",
        options: {},
        initiatedBy: "schedule/weekly",
        requestedAt: new Date(at.getTime() - 5_000),
        startedAt: at,
        vmsSucceeded: chance(5),
        vmsFailed: chance(2),
        ...rest,
        ...(seconds === null ? { resultState: null } : ended),
      } as Parameters<typeof prisma.recovery.create>[0]["data"],
    });
    await prisma.task.create({
      data: {
        id: uuid(),
        name: "t",
        type: "RECOVERY",
        state: seconds === null ? "RUNNING" : "COMPLETED",
        targetId: planId,
        targetType: "RECOVERY_PLAN",
        recoveryId: id,
        initiatedBy: "x",
        endedAt: seconds === null ? null : at,
      },
    });
    return id;
  };
  const good = { rtoAchievedSeconds: 600, rpoAchievedSeconds: 300, seconds: 700 };
  const ms = (iso: string) => new Date(iso);
  // At the borders of the range, and of the leap day in it; in another zone the first one is of the day before.
  await run(plans.busy, range.start, good);
  await run(plans.busy, new Date(range.start.getTime() - 1), { ...good, rtoAchievedSeconds: 9_999 });
  await run(plans.busy, new Date(range.end.getTime() - 1), { ...good, rtoAchievedSeconds: 601 });
  await run(plans.busy, range.end, { ...good, rpoAchievedSeconds: 99_999 });
  await run(plans.busy, ms("2024-02-28T23:59:59.999Z"), { ...good, seconds: 3_600 }); // over midnight, into the leap day
  await run(plans.busy, ms("2024-02-29T12:00:00Z"), { ...good, kind: "PLANNED", rtoAchievedSeconds: 42 });
  await run(plans.busy, ms("2024-02-29T23:30:00-05:00"), { ...good, kind: "DISASTER", resultState: "PARTIAL", rtoAchievedSeconds: null });
  await run(plans.busy, ms("2024-03-01T10:00:00Z"), { seconds: 10, kind: "CLEANUP" }); // no test, and no recovery
  for (let at = 0; at < 12; at++) {
    const resultState = results[chance(results.length)] ?? "SUCCESS";
    const allUp = resultState === "SUCCESS" || resultState === "WARNING";
    await run(plans.busy, new Date(range.start.getTime() + chance(3 * 86_400_000)), {
      resultState,
      seconds: chance(2_000),
      rtoAchievedSeconds: allUp ? chance(1_200) : null,
      rpoAchievedSeconds: chance(900),
    });
  }
  await run(plans.failing, ms("2024-02-29T00:00:00Z"), { resultState: "FAILED", seconds: 5, rtoAchievedSeconds: null });
  await run(plans.failing, ms("2024-03-01T00:00:00Z"), { resultState: "FAILED", seconds: 7, rtoAchievedSeconds: null });
  await run(plans.untargeted, ms("2024-03-01T00:00:00Z"), good);
  await run(plans.untargeted, ms("2024-03-01T06:00:00Z"), { state: "RUNNING", seconds: null });
  const last = await run(plans.deleted, ms("2024-02-29T05:00:00Z"), good);
  await prisma.recoveryGroup.create({ data: { runId: last, groupId: gone.groupId, groupName: "gone" } });

  const violation = (groupId: string, vmId: string, from: string, to: string | null, critical = false) =>
    prisma.rpoViolation.create({
      data: {
        vmId,
        vmName: `vm ${vmId}`,
        groupId,
        groupName: "g",
        rpoMinutes: 15,
        cause: "LAG",
        openedAt: ms(from),
        closedAt: to === null ? null : ms(to),
        criticalSince: critical ? ms(from) : null,
        worstLagSeconds: 900 + chance(9_000),
        currentLagSeconds: 0,
      },
    });
  const [first = "", second = ""] = shared.vmIds;
  await violation(shared.groupId, first, "2024-02-27T23:00:00Z", "2024-02-28T00:00:00Z"); // closed as the range begins: not of it
  await violation(shared.groupId, first, "2024-02-27T23:00:00Z", "2024-02-28T00:30:00Z", true); // half of it within
  await violation(shared.groupId, second, "2024-02-28T23:50:00Z", "2024-02-29T00:10:00Z");
  await violation(shared.groupId, uuid(), "2024-03-01T23:00:00Z", "2024-03-05T00:00:00Z"); // of a VM that is no more, and past the end
  await violation(shared.groupId, second, "2024-03-02T00:00:00Z", "2024-03-03T00:00:00Z"); // opened at the end: not of it
  await violation(own.groupId, own.vmIds[0] ?? "", "2024-03-01T12:00:00Z", null, true); // still open
  await violation(gone.groupId, gone.vmIds[0] ?? "", "2024-02-29T00:00:00Z", "2024-02-29T01:00:00Z");
  // Of the coarsest steps, which alone reach back so far: within the range, before it, and of a finer step that must not count too.
  const sample = (subjectId: string, startsAt: string, stepSeconds = 21_600) =>
    prisma.lagSample.create({
      data: {
        subjectId,
        stepSeconds,
        startsAt: ms(startsAt),
        minLagSeconds: 0,
        maxLagSeconds: chance(5_000),
        worstPercent: 10,
        vmSeconds: 21_600 * 3,
        lagVmSeconds: chance(9_999_999),
        lateVmSeconds: chance(21_600),
      },
    });
  for (const at of ["2024-02-27T18:00:00Z", "2024-02-28T00:00:00Z", "2024-02-29T06:00:00Z", "2024-03-01T18:00:00Z", "2024-03-02T00:00:00Z"])
    await sample(plans.busy, at);
  await sample(plans.failing, "2024-02-29T00:00:00Z");
  await sample(plans.busy, "2024-02-29T00:00:00Z", 3_600);
  // Their rows are gone, what was measured of them is not.
  await prisma.recoveryPlan.delete({ where: { id: plans.deleted } });
  await prisma.protectedVm.deleteMany({ where: { vmId: own.vmIds[1] ?? "" } });
  await prisma.virtualMachine.delete({ where: { id: own.vmIds[1] ?? "" } });
  return plans;
}
