/** The plans of a report, each with its figures and its verdict by the rules of docs/reports.md. */
import type { ReportType } from "../../../../src/database/generated/enums.ts";
import type { Level } from "../../../../src/domain/documents/model.ts";
import { complianceFigures, type Figures, newestResult, protectionFigures, readinessFigures, testFigures, troubled } from "./figures.ts";
import { groupsIn, isWanted, type PlanRow, type Rows, runsIn, type Wanted } from "./rows.ts";

export interface PlanOfReport {
  readonly id: string;
  /** Null: it is deleted. */
  readonly plan: PlanRow | null;
  readonly title: string;
  readonly level: Level;
  readonly figures: Figures;
}

/** In the order of the report: by name, the deleted ones last among those of their name. */
export function plansOf(type: ReportType, rows: Rows, wanted: Wanted, madeAt: Date): PlanOfReport[] {
  const there = rows.plans.filter(({ id }) => isWanted(wanted, id)).map((plan) => ({ id: plan.id, plan, title: plan.name }));
  const gone = new Map(
    runsIn(rows, wanted)
      .filter(({ planId }) => planId === null)
      .map((run) => [run.of, { id: run.of, plan: null, title: `${run.planName} (deleted)` }]),
  );
  const all = [...there, ...gone.values()].toSorted((a, b) => (a.title < b.title ? -1 : 1));
  return all.map((one) => {
    const figures = figuresOf(type, rows, one.id, one.plan, madeAt);
    return { ...one, figures, level: levelOf(type, rows, one.id, one.plan, figures) };
  });
}

function figuresOf(type: ReportType, rows: Rows, id: string, plan: PlanRow | null, madeAt: Date): Figures {
  const rpos = plan === null ? [] : groupsIn(rows, [id]).map(({ rpoMinutes }) => rpoMinutes * 60);
  const rpoTargetSeconds = rpos.length === 0 ? null : Math.min(...rpos);
  const rtoTargetSeconds = plan?.rtoTargetSeconds ?? null;
  if (type === "RPO_RTO_COMPLIANCE") {
    const vms = plan === null ? null : (protectionFigures(rows, [id], madeAt).vms ?? null);
    return { rpoTargetSeconds, rtoTargetSeconds, vms, ...complianceFigures(rows, [id], madeAt) };
  }
  if (type === "TEST_HISTORY") return testFigures(rows, [id]);
  if (type === "PROTECTION_STATUS") return { rpoTargetSeconds, ...protectionFigures(rows, [id], madeAt) };
  if (plan !== null) return { rtoTargetSeconds, ...readinessFigures(rows, plan) };
  const { tests = null } = testFigures(rows, [id]);
  return { ...Object.fromEntries(unknownOfDeleted.map((name) => [name, null])), tests };
}

const unknownOfDeleted = [
  ..."planState readiness readinessScore evaluatedAt blockers warnings findingsOpened findingsResolved lastGoodTestAt lastTestResult".split(
    " ",
  ),
  ..."changesSinceTest untestedSteps rtoTargetSeconds forecastRtoSeconds groups groupsInTrouble vms vmsProtected leftovers".split(" "),
  "sitesDisconnected",
];

function levelOf(type: ReportType, rows: Rows, id: string, plan: PlanRow | null, figures: Figures): Level {
  const number = (name: string) => Number(figures[name] ?? 0);
  const bad = (isBad: boolean): Level => (isBad ? "BAD" : "GOOD");
  const groups = groupsIn(rows, [id]);
  const vms = groups.flatMap(({ members }) => members);
  const open = vms.filter(({ protectionState }) => protectionState !== "SHADOWING").length;
  if (type === "TEST_HISTORY") {
    const result = newestResult(rows, id);
    return result === null ? "NOT_JUDGED" : bad(result === "PARTIAL" || result === "FAILED");
  }
  if (type === "RPO_RTO_COMPLIANCE") {
    if (number("rpoViolations") > 0 || number("rtoMissed") > 0) return "BAD";
    return (plan === null || vms.length === 0) && number("rtoMet") === 0 ? "NOT_JUDGED" : "GOOD";
  }
  if (plan === null) return "NOT_JUDGED";
  if (type === "PROTECTION_STATUS") return bad(vms.length === 0 || open > 0 || number("vmsLate") > 0 || troubled(groups).length > 0);
  const state = figures.planState === "NOT_READY" || figures.planState === "ERROR";
  const failed = figures.lastTestResult === "FAILED" || figures.lastTestResult === "PARTIAL";
  return bad(number("blockers") > 0 || state || open > 0 || vms.length === 0 || failed || figures.lastGoodTestAt === null);
}
