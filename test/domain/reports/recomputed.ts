/** The figures of reports by another way than the product's: plain rows, read whole, and added up here. */
import type { Database } from "../../../src/database/database.ts";
import { range } from "./history/history.ts";

type Figures = Record<string, unknown>;

const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2);
};
const most = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};
const share = (part: number, whole: number): number | null => (whole === 0 ? null : Math.round((part / whole) * 1_000) / 10);
const within = (at: Date) => at.getTime() >= range.start.getTime() && at.getTime() < range.end.getTime();

/** `planId` null: over all plans. */
export async function recompute({ prisma }: Database, planId: string | null, madeAt: Date) {
  const plans = await prisma.recoveryPlan.findMany({
    include: { groups: { include: { group: { include: { members: true, recoveryPoints: true } } } } },
  });
  const targets = new Map(plans.map(({ id, rtoTargetSeconds }) => [id, rtoTargetSeconds]));
  const all = await prisma.recovery.findMany({ include: { task: true, groups: true } });
  const owner = (run: (typeof all)[number]) => run.planId ?? run.task?.targetId ?? "";
  const runs = all
    .filter(({ kind }) => kind === "TEST" || kind === "PLANNED" || kind === "DISASTER")
    .filter((run) => within(run.startedAt ?? run.requestedAt) && (planId === null || owner(run) === planId));
  const ended = runs.filter(({ endedAt }) => endedAt !== null);
  const tests = ended.filter(({ kind }) => kind === "TEST");
  const judged = ended.filter((run) => run.resultState !== "CANCELLED" && (targets.get(run.planId ?? "") ?? null) !== null);
  const met = judged.filter((run) => run.rtoAchievedSeconds !== null && run.rtoAchievedSeconds <= (targets.get(run.planId ?? "") ?? 0));
  const lasting = (run: (typeof all)[number]) => ((run.endedAt?.getTime() ?? 0) - (run.startedAt ?? run.requestedAt).getTime()) / 1_000;
  const rtos = (some: typeof runs) => some.map(({ rtoAchievedSeconds }) => rtoAchievedSeconds).filter((rto) => rto !== null);

  const groups = plans.filter(({ id }) => planId === null || id === planId).flatMap((plan) => plan.groups.map(({ group }) => group));
  const everyGroup = planId === null ? await prisma.protectionGroup.findMany({ include: { members: true, recoveryPoints: true } }) : groups;
  const groupIds = new Set([...groups.map(({ id }) => id), ...runs.flatMap((run) => run.groups.map(({ groupId }) => groupId))]);
  const cut = (at: Date | null) => Math.min(at?.getTime() ?? Infinity, range.end.getTime(), madeAt.getTime());
  const violations = (await prisma.rpoViolation.findMany()).filter(
    ({ groupId, openedAt, closedAt }) => groupIds.has(groupId) && openedAt < range.end && (closedAt === null || closedAt > range.start),
  );
  const seconds = violations.map(({ openedAt, closedAt }) => (cut(closedAt) - Math.max(openedAt.getTime(), range.start.getTime())) / 1_000);
  const of = (result: string) => tests.filter(({ resultState }) => resultState === result).length;
  const good = of("SUCCESS") + of("WARNING");
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const members = everyGroup.flatMap((group) => group.members.map((member) => ({ ...member, rpo: group.rpoMinutes * 60 })));
  const lag = ({ lastSyncAt }: (typeof members)[number]) =>
    lastSyncAt === null ? null : (madeAt.getTime() - lastSyncAt.getTime()) / 1_000;
  const safe = members.filter(({ protectionState }) => protectionState === "SHADOWING").length;
  const lags = members.map(lag).filter((value) => value !== null);

  const violated: Figures = {
    rpoViolations: violations.length,
    rpoViolationsOpen: violations.filter(({ closedAt }) => closedAt === null).length,
  };
  const planIds = new Set(plans.map(({ id }) => id));
  const samples = (await prisma.lagSample.findMany({ where: { stepSeconds: 21_600 } })).filter(
    ({ subjectId, startsAt }) => (planId === null ? planIds.has(subjectId) : subjectId === planId) && within(startsAt),
  );
  const measured = sum(samples.map(({ vmSeconds }) => vmSeconds));
  const compliance: Figures = {
    ...violated,
    withinRpoPercent: share(measured - sum(samples.map(({ lateVmSeconds }) => lateVmSeconds)), measured),
    worstMeasuredLagSeconds: most(samples.map(({ maxLagSeconds }) => maxLagSeconds)),
    rpoViolationsCritical: violations.filter(({ criticalSince }) => criticalSince !== null).length,
    rpoViolationVms: new Set(violations.map(({ vmId }) => vmId)).size,
    rpoViolationSeconds: Math.round(sum(seconds)),
    worstLagSeconds: most(violations.map(({ worstLagSeconds }) => worstLagSeconds)),
    runsEnded: ended.length,
    recoveries: ended.length - tests.length,
    runsOpen: runs.length - ended.length,
    rtoMet: met.length,
    rtoMissed: judged.length - met.length,
    rtoMetPercent: share(met.length, judged.length),
    rtoMedianSeconds: median(rtos(runs)),
    rtoWorstSeconds: most(rtos(runs)),
    rpoWorstSeconds: most(runs.map(({ rpoAchievedSeconds }) => rpoAchievedSeconds)),
  };
  const openTests = runs.filter(({ kind, endedAt }) => kind === "TEST" && endedAt === null);
  const everyTest = [...tests, ...openTests];
  const history: Figures = {
    tests: tests.length,
    testsGood: good,
    testsWithWarnings: of("WARNING"),
    testsPartial: of("PARTIAL"),
    testsFailed: of("FAILED"),
    testsCancelled: of("CANCELLED"),
    testsOpen: openTests.length,
    testsGoodPercent: share(good, tests.length - of("CANCELLED")),
    testMedianSeconds: median(tests.map(lasting)),
    testLongestSeconds: tests.length === 0 ? null : Math.round(Math.max(...tests.map(lasting))),
    vmsRecovered: sum(tests.map(({ vmsSucceeded }) => vmsSucceeded)),
    vmsFailed: sum(tests.map(({ vmsFailed }) => vmsFailed)),
    rtoMedianSeconds: median(rtos(everyTest)),
    rtoWorstSeconds: most(rtos(everyTest)),
    rpoWorstSeconds: most(everyTest.map(({ rpoAchievedSeconds }) => rpoAchievedSeconds)),
    newestTestAt:
      tests
        .map(({ startedAt, requestedAt }) => (startedAt ?? requestedAt).toISOString())
        .toSorted()
        .at(-1) ?? null,
  };
  const status: Figures = {
    ...violated,
    groups: everyGroup.length,
    groupsInTrouble: everyGroup.filter(({ state, faultCode }) => state === "ERROR" || state === "NOT_READY" || faultCode !== null).length,
    vms: members.length,
    vmsProtected: safe,
    vmsProtectedPercent: share(safe, members.length),
    vmsSynced: members.filter(({ replicationState }) => replicationState === "SYNCED").length,
    vmsLate: members.filter((member) => (lag(member) ?? Infinity) > member.rpo).length,
    lagNowSeconds: lags.length === 0 ? null : Math.max(0, Math.floor(Math.max(...lags))),
    pointsKept: everyGroup.flatMap(({ recoveryPoints }) => recoveryPoints.filter(({ complete }) => complete)).length,
  };
  return { RPO_RTO_COMPLIANCE: compliance, TEST_HISTORY: history, PROTECTION_STATUS: status };
}
