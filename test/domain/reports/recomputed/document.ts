/** A whole report recomputed: the shape of its JSON, without what is only words. */
import type { ReportType } from "../../../../src/database/generated/enums.ts";
import { drawn, forecastCharts, ganttCharts, lagCharts, rtoCharts } from "./charts.ts";
import { complianceFigures, type Figures, findingFigures, protectionFigures, testFigures, vmsUnprotected } from "./figures.ts";
import { type PlanOfReport, plansOf } from "./plans.ts";
import { isWanted, type Rows, type Wanted } from "./rows.ts";
import { evidenceRows, findingRows, groupRows, runRows, violationRows, vmRows } from "./tables.ts";

const words = { GOOD: "In order", BAD: "Not in order", NOT_JUDGED: "Not judged" } as const;
/** What the table of all plans shows of each. */
const overviewOf: Readonly<Record<ReportType, readonly string[]>> = {
  RPO_RTO_COMPLIANCE:
    "rpoTargetSeconds rpoViolations worstLagSeconds withinRpoPercent rtoTargetSeconds rtoMet rtoMissed rtoWorstSeconds".split(" "),
  TEST_HISTORY: "tests testsGood testsPartial testsFailed testsGoodPercent testMedianSeconds newestTestAt".split(" "),
  PROTECTION_STATUS: "groups groupsInTrouble vms vmsProtected vmsLate lagNowSeconds rpoViolations".split(" "),
  RECOVERY_READINESS: "readiness readinessScore blockers warnings lastGoodTestAt forecastRtoSeconds rtoTargetSeconds".split(" "),
};
const list = (title: string, tables: object, charts: readonly object[] = []) => ({ title, level: null, figures: {}, charts, tables });

export function recomputed(type: ReportType, rows: Rows, wanted: Wanted, madeAt: Date) {
  const plans = plansOf(type, rows, wanted, madeAt);
  const levels = plans.map(({ level }) => level);
  const count = (wantedLevel: string) => levels.filter((level) => level === wantedLevel).length;
  const counts = { plans: plans.length, plansGood: count("GOOD"), plansBad: count("BAD"), plansNotJudged: count("NOT_JUDGED") };
  const overview = plans.map(({ title, level, figures }) => ({ plan: title, verdict: words[level], ...shownOf(type, figures) }));
  return {
    plans: plans.map(({ title }) => title),
    level: levels.includes("BAD") ? "BAD" : levels.includes("GOOD") ? "GOOD" : "NOT_JUDGED",
    figures: { ...counts, ...summaryOf(type, rows, wanted, madeAt, plans) },
    sections: [
      list("Plans", { plans: overview }),
      ...plans.map((plan) => ({
        title: plan.title,
        level: plan.level,
        figures: plan.figures,
        charts: chartsOf(type, rows, wanted, plan),
        tables: {},
      })),
      ...listsOf(type, rows, wanted, madeAt, plans),
      evidenceOf(type, rows, wanted),
    ],
  };
}

const shownOf = (type: ReportType, figures: Figures) => Object.fromEntries(overviewOf[type].map((name) => [name, figures[name] ?? null]));

function evidenceOf(type: ReportType, rows: Rows, wanted: Wanted) {
  const evidence = evidenceRows(type, rows, wanted);
  return { ...list("Evidence", evidence.length === 0 ? {} : { evidence }), figures: { evidenceRuns: evidence.length } };
}

function summaryOf(type: ReportType, rows: Rows, wanted: Wanted, madeAt: Date, plans: readonly PlanOfReport[]): Figures {
  if (type === "RPO_RTO_COMPLIANCE") return complianceFigures(rows, wanted, madeAt);
  if (type === "RECOVERY_READINESS") return findingFigures(rows, wanted);
  if (type === "PROTECTION_STATUS")
    return { ...protectionFigures(rows, wanted, madeAt), ...(wanted === null ? { vmsUnprotected: vmsUnprotected(rows) } : {}) };
  const tested = plans.filter(({ figures }) => Number(figures.tests) > Number(figures.testsCancelled)).length;
  return { plansTested: tested, plansUntested: plans.length - tested, ...testFigures(rows, wanted) };
}

function chartsOf(type: ReportType, rows: Rows, wanted: Wanted, plan: PlanOfReport): object[] {
  const only = type === "TEST_HISTORY" ? "TEST" : null;
  const gantt = drawn(rows, wanted, only).includes(plan.id) && isWanted(wanted, plan.id) ? ganttCharts(rows, plan, only) : [];
  if (type === "TEST_HISTORY") return gantt;
  return type === "RPO_RTO_COMPLIANCE" ? [...lagCharts(rows, plan), ...rtoCharts(rows, plan), ...gantt] : [];
}

function listsOf(type: ReportType, rows: Rows, wanted: Wanted, madeAt: Date, plans: readonly PlanOfReport[]): object[] {
  switch (type) {
    case "RPO_RTO_COMPLIANCE":
      return [list("Violations", { violations: violationRows(rows, wanted, madeAt) }), list("Runs", { runs: runRows(rows, wanted, null) })];
    case "TEST_HISTORY":
      return [list("Tests", { tests: runRows(rows, wanted, "TEST") })];
    case "PROTECTION_STATUS":
      return [list("Protection groups", { groups: groupRows(rows, wanted, madeAt) }), list("VMs", { vms: vmRows(rows, wanted, madeAt) })];
    case "RECOVERY_READINESS":
      return [list("What to mend", { findings: findingRows(rows, wanted) }, forecastCharts(plans))];
  }
}
