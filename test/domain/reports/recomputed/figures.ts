/** The figures of each type of report by another way than the product's: plain rows, added up here. */
import { range } from "../history/history.ts";
import {
  type GroupRow,
  groupsIn,
  isWanted,
  known,
  median,
  most,
  type PlanRow,
  type Rows,
  type RunRow,
  runsIn,
  seconds,
  share,
  sum,
  violationsIn,
  type Wanted,
  within,
} from "./rows.ts";

export type Figures = Record<string, number | string | null>;

const ended = (runs: readonly RunRow[]) => runs.filter(({ endedAt }) => endedAt !== null);
const newest = (runs: readonly RunRow[], time: (run: RunRow) => number) =>
  runs.toSorted((a, b) => time(b) - time(a) || (a.id < b.id ? 1 : -1))[0];

function achieved(runs: readonly RunRow[]): Figures {
  const rtos = known(runs.map(({ rtoAchievedSeconds }) => rtoAchievedSeconds));
  return {
    rtoMedianSeconds: median(rtos),
    rtoWorstSeconds: most(rtos),
    rpoWorstSeconds: most(runs.map(({ rpoAchievedSeconds }) => rpoAchievedSeconds)),
  };
}

export function complianceFigures(rows: Rows, wanted: Wanted, madeAt: Date): Figures {
  const runs = runsIn(rows, wanted);
  const over = ended(runs);
  const target = ({ planId }: RunRow) => rows.plans.find(({ id }) => id === planId)?.rtoTargetSeconds ?? null;
  const judged = over.filter((run) => run.resultState !== "CANCELLED" && target(run) !== null);
  const met = judged.filter((run) => run.rtoAchievedSeconds !== null && run.rtoAchievedSeconds <= (target(run) ?? 0));
  const violations = violationsIn(rows, wanted, madeAt);
  const samples = rows.samples.filter(
    ({ stepSeconds, subjectId, startsAt }) =>
      stepSeconds === 21_600 && within(startsAt) && isWanted(wanted, subjectId) && rows.plans.some(({ id }) => id === subjectId),
  );
  const measured = sum(samples.map(({ vmSeconds }) => vmSeconds));
  return {
    rpoViolations: violations.length,
    rpoViolationsCritical: violations.filter(({ row }) => row.criticalSince !== null).length,
    rpoViolationVms: new Set(violations.map(({ row }) => row.vmId)).size,
    rpoViolationSeconds: Math.round(sum(violations.map((one) => one.seconds))),
    worstLagSeconds: most(violations.map(({ row }) => row.worstLagSeconds)),
    rpoViolationsOpen: violations.filter(({ row }) => row.closedAt === null).length,
    withinRpoPercent: share(measured - sum(samples.map(({ lateVmSeconds }) => lateVmSeconds)), measured),
    worstMeasuredLagSeconds: most(samples.map(({ maxLagSeconds }) => maxLagSeconds)),
    runsEnded: over.length,
    recoveries: over.filter(({ kind }) => kind !== "TEST").length,
    runsOpen: runs.length - over.length,
    rtoMet: met.length,
    rtoMissed: judged.length - met.length,
    rtoMetPercent: share(met.length, judged.length),
    ...achieved(runs),
  };
}

export function testFigures(rows: Rows, wanted: Wanted): Figures {
  const all = runsIn(rows, wanted).filter(({ kind }) => kind === "TEST");
  const tests = ended(all);
  const of = (result: string) => tests.filter(({ resultState }) => resultState === result).length;
  const good = of("SUCCESS") + of("WARNING");
  const lasted = tests.map(({ dated, endedAt }) => seconds(dated, endedAt ?? dated));
  return {
    tests: tests.length,
    testsGood: good,
    testsWithWarnings: of("WARNING"),
    testsPartial: of("PARTIAL"),
    testsFailed: of("FAILED"),
    testsCancelled: of("CANCELLED"),
    testsOpen: all.length - tests.length,
    testsGoodPercent: share(good, tests.length - of("CANCELLED")),
    testMedianSeconds: median(lasted),
    testLongestSeconds: tests.length === 0 ? null : Math.round(Math.max(...lasted)),
    vmsRecovered: sum(tests.map(({ vmsSucceeded }) => vmsSucceeded)),
    vmsFailed: sum(tests.map(({ vmsFailed }) => vmsFailed)),
    ...achieved(all),
    newestTestAt: newest(tests, ({ dated }) => dated.getTime())?.dated.toISOString() ?? null,
  };
}

/** How the newest test of the range ended; null: there was none, or it was cancelled. */
export const newestResult = (rows: Rows, planId: string): string | null =>
  newest(
    ended(runsIn(rows, [planId])).filter(({ kind, resultState }) => kind === "TEST" && resultState !== "CANCELLED"),
    ({ dated }) => dated.getTime(),
  )?.resultState ?? null;

export const troubled = (groups: readonly GroupRow[]): GroupRow[] =>
  groups.filter(({ state, faultCode }) => state === "ERROR" || state === "NOT_READY" || faultCode !== null);
const protectedOf = (groups: readonly GroupRow[]) =>
  groups.flatMap(({ members }) => members.filter((vm) => vm.protectionState === "SHADOWING"));
const vmsOf = (groups: readonly GroupRow[]) => sum(groups.map(({ members }) => members.length));

export function protectionFigures(rows: Rows, wanted: Wanted, madeAt: Date): Figures {
  const groups = groupsIn(rows, wanted);
  const lags = groups.flatMap(({ members, rpoMinutes }) =>
    members.map(({ lastSyncAt }) => ({ lag: lastSyncAt === null ? null : seconds(lastSyncAt, madeAt), rpo: rpoMinutes * 60 })),
  );
  const oldest = most(lags.map(({ lag }) => lag));
  const violations = violationsIn(rows, wanted, madeAt);
  return {
    groups: groups.length,
    groupsInTrouble: troubled(groups).length,
    vms: vmsOf(groups),
    vmsProtected: protectedOf(groups).length,
    vmsProtectedPercent: share(protectedOf(groups).length, vmsOf(groups)),
    vmsSynced: groups.flatMap(({ members }) => members.filter(({ replicationState }) => replicationState === "SYNCED")).length,
    vmsLate: lags.filter(({ lag, rpo }) => lag === null || lag > rpo).length,
    lagNowSeconds: oldest === null ? null : Math.max(0, Math.floor(oldest)),
    pointsKept: groups.flatMap(({ recoveryPoints }) => recoveryPoints.filter(({ complete }) => complete)).length,
    rpoViolations: violations.length,
    rpoViolationsOpen: violations.filter(({ row }) => row.closedAt === null).length,
  };
}

export const vmsUnprotected = ({ vms }: Rows): number =>
  vms.filter(({ missingSince, protection }) => missingSince === null && protection === null).length;

/** Of several plans: what is added up. */
export function findingFigures({ findings, plans }: Rows, wanted: Wanted): Figures {
  const own = findings.filter(({ planId }) => isWanted(wanted, planId) && plans.some(({ id }) => id === planId));
  const open = own.filter(({ resolvedAt }) => resolvedAt === null);
  const found = own.filter(({ openedAt }) => within(openedAt));
  return {
    blockers: open.filter(({ severity }) => severity === "BLOCKER").length,
    warnings: open.filter(({ severity }) => severity === "WARNING").length,
    findingsOpened: found.length,
    findingsResolved: found.filter(({ resolvedAt }) => resolvedAt !== null).length,
  };
}

/** The newest that ended before the end of the range, whenever that was, and the newest of them that succeeded. */
export function lastTests(rows: Rows, planId: string): { newestTest: RunRow | undefined; newestGood: RunRow | undefined } {
  const byEnd = ({ endedAt }: RunRow) => endedAt?.getTime() ?? 0;
  const tests = ended(rows.runs).filter(
    (run) => run.planId === planId && run.kind === "TEST" && run.resultState !== "CANCELLED" && byEnd(run) < range.end.getTime(),
  );
  const good = tests.filter(({ resultState }) => resultState === "SUCCESS" || resultState === "WARNING");
  return { newestTest: newest(tests, byEnd), newestGood: newest(good, byEnd) };
}

export function readinessFigures(rows: Rows, plan: PlanRow): Figures {
  const { evaluation, pairing } = plan;
  const groups = groupsIn(rows, [plan.id]);
  const { newestTest, newestGood } = lastTests(rows, plan.id);
  const lost = rows.sites.filter(
    ({ id, state }) => [pairing.localSiteId, pairing.remoteSiteId].includes(id) && state === "DISCONNECTED",
  ).length;
  const evaluated = evaluation !== null && evaluation !== undefined;
  return {
    planState: stateOf(plan, groups, lost),
    readiness: evaluation?.readiness ?? null,
    readinessScore: evaluation?.score ?? null,
    evaluatedAt: evaluation?.evaluatedAt?.toISOString() ?? null,
    ...(evaluated ? findingFigures(rows, [plan.id]) : { blockers: null, warnings: null, findingsOpened: null, findingsResolved: null }),
    lastGoodTestAt: newestGood?.endedAt?.toISOString() ?? null,
    lastTestResult: newestTest?.resultState ?? null,
    tests: testFigures(rows, [plan.id]).tests ?? null,
    changesSinceTest: lengthOf(evaluation?.changes),
    untestedSteps: lengthOf(evaluation?.untestedSteps),
    forecastRtoSeconds: evaluation?.forecastRtoSeconds ?? null,
    groups: groups.length,
    groupsInTrouble: troubled(groups).length,
    vms: vmsOf(groups),
    vmsProtected: protectedOf(groups).length,
    leftovers: rows.leftovers.filter(({ planId, goneAt }) => planId === plan.id && goneAt === null).length,
    sitesDisconnected: lost,
  };
}

const lengthOf = (list: unknown): number | null => (Array.isArray(list) ? list.length : null);

/** For what these histories have in it; `stateOf` of the plans has all of it, and tests of its own. */
function stateOf({ lifecycle }: PlanRow, groups: readonly GroupRow[], sitesLost: number): string {
  if (lifecycle.endsWith("IN_PROGRESS")) return "RUNNING";
  const startable = groups.some(({ members }) => members.some(({ placeholderExternalId }) => placeholderExternalId !== null));
  return startable && sitesLost === 0 ? "READY" : "NOT_READY";
}
