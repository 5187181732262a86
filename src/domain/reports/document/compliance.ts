/** RPO and RTO against their targets. Pure. */
import type { PlanGantt } from "../../documents/gantt.ts";
import type { Chart, Figure, Level, Section, Table, Verdict } from "../../documents/model.ts";
import { column, cut, timeOf } from "../../documents/tables.ts";
import { duration } from "../../documents/writers/format.ts";
import type { LagFacts } from "../facts/lag.ts";
import type { PlanFacts } from "../facts/plans.ts";
import type { RunFacts, RunList, RunTotals } from "../facts/runs.ts";
import type { ViolationList, ViolationTotals } from "../facts/violations.ts";
import { lagChart, lagFigures } from "./lag.ts";
import { figure, measure, percent } from "./measures.ts";
import { type PlanPart, planCounts, planSections, verdictOver } from "./plans.ts";

export interface ComplianceFacts {
  readonly plans: readonly PlanFacts[];
  readonly totals: readonly RunTotals[];
  readonly runs: RunList;
  readonly violationTotals: readonly ViolationTotals[];
  readonly violations: ViolationList;
  readonly lag: LagFacts;
  /** Of the charts over time: the range, up to now. */
  readonly from: string;
  readonly to: string;
  readonly drawn: readonly PlanGantt[];
}

export interface Parts {
  readonly verdict: Verdict;
  readonly summary: readonly Figure[];
  readonly sections: readonly Section[];
}

export function compliance(facts: ComplianceFacts): Parts {
  const parts = facts.plans.map((plan) => partOf(plan, facts));
  return {
    verdict: verdictOver(parts, "kept their targets"),
    summary: [...planCounts(parts), ...figuresOf(null, facts)],
    sections: [
      ...planSections(parts, [
        "rpoTargetSeconds",
        "rpoViolations",
        "worstLagSeconds",
        "withinRpoPercent",
        "rtoTargetSeconds",
        "rtoMet",
        "rtoMissed",
        "rtoWorstSeconds",
      ]),
      { title: "Violations", text: "", verdict: null, figures: [], charts: [], tables: [violationTable(facts.violations)] },
      { title: "Runs", text: "", verdict: null, figures: [], charts: [], tables: [runTable(facts.runs)] },
    ],
  };
}

function partOf(plan: PlanFacts, facts: ComplianceFacts): PlanPart {
  const figures = [
    figure("rpoTargetSeconds", plan.rpoTargetSeconds),
    figure("rtoTargetSeconds", plan.rtoTargetSeconds),
    figure("vms", plan.deleted ? null : plan.vms),
    ...figuresOf(plan.id, facts),
  ];
  const gantt = facts.drawn.find(({ planId }) => planId === plan.id);
  const charts: Chart[] = [
    ...lagChart(facts.lag, plan, facts.from, facts.to),
    ...rtoChart(
      plan,
      facts.runs.runs.filter(({ planId, endedAt }) => planId === plan.id && endedAt !== null),
    ),
    ...(gantt ? [gantt.chart] : []),
  ];
  return { plan, verdict: verdictOf(plan, facts), figures, charts };
}

const endedOf = (one: RunTotals | undefined): number =>
  one === undefined ? 0 : one.success + one.warning + one.partial + one.failed + one.cancelled;

/** Of one plan, or (null) of all together. */
function figuresOf(planId: string | null, { totals, violationTotals, lag }: ComplianceFacts): Figure[] {
  const of = (wanted: RunTotals["kind"]) => totals.find((one) => one.planId === planId && one.kind === wanted);
  const all = of("ALL");
  const violated = violationTotals.find((one) => one.planId === planId);
  const [met, missed] = [all?.rtoMet ?? 0, all?.rtoMissed ?? 0];
  return [
    figure("rpoViolations", violated?.count ?? 0),
    figure("rpoViolationsCritical", violated?.critical ?? 0),
    figure("rpoViolationVms", violated?.vms ?? 0),
    figure("rpoViolationSeconds", violated?.seconds ?? 0),
    figure("worstLagSeconds", violated?.worstLagSeconds ?? null),
    figure("rpoViolationsOpen", violated?.openNow ?? 0),
    ...lagFigures(lag, planId),
    figure("runsEnded", endedOf(all)),
    figure("recoveries", endedOf(of("RECOVERY"))),
    figure("runsOpen", all?.open ?? 0),
    figure("rtoMet", met),
    figure("rtoMissed", missed),
    figure("rtoMetPercent", percent(met, met + missed)),
    figure("rtoMedianSeconds", all?.rtoMedianSeconds ?? null),
    figure("rtoWorstSeconds", all?.rtoWorstSeconds ?? null),
    figure("rpoWorstSeconds", all?.rpoWorstSeconds ?? null),
  ];
}

/** By the violations, and by the runs where the plan has a target. No VM and no run: there is nothing to judge. */
function verdictOf(plan: PlanFacts, { totals, violationTotals }: ComplianceFacts): Verdict {
  const runs = totals.find(({ planId, kind }) => planId === plan.id && kind === "ALL");
  const [met, missed] = [runs?.rtoMet ?? 0, runs?.rtoMissed ?? 0];
  const violations = violationTotals.find(({ planId }) => planId === plan.id)?.count ?? 0;
  const words: string[] = [];
  if (violations > 0) words.push(`${violations} RPO violation${violations === 1 ? "" : "s"}`);
  if (missed > 0) words.push(`${missed} of ${met + missed} runs missed the RTO`);
  if (words.length > 0) return { level: "BAD", sentence: `${words.join("; ")}.` };
  const rto = met > 0 ? `all ${met} runs met the RTO` : "the RTO could not be judged";
  if (plan.vms === 0 && met === 0) return { level: "NOT_JUDGED", sentence: "No protected VM and no run to judge." };
  return { level: "GOOD", sentence: `No RPO violation; ${rto}.` };
}

const mostBars = 30;

function rtoChart({ name, rtoTargetSeconds: target }: PlanFacts, runs: readonly RunFacts[]): Chart[] {
  const shown = runs
    .filter(({ rtoAchievedSeconds }) => rtoAchievedSeconds !== null)
    .slice(0, mostBars)
    .toReversed();
  if (shown.length === 0) return [];
  const bars = shown.map(({ dated, kind, rtoAchievedSeconds: value }) => ({
    name: `${dated.toISOString().slice(0, 16).replace("T", " ")} ${kind.toLowerCase()}`,
    value: value ?? 0,
    level: levelOf(value ?? 0, target),
  }));
  const missed = bars.filter(({ level }) => level === "BAD").length;
  const summary = `The last ${bars.length} runs that brought up all VMs, the oldest first${target === null ? "" : `; ${missed} took longer than the target of ${duration(target)}`}.`;
  return [
    {
      kind: "BARS",
      title: `${name}: RTO of each run`,
      summary,
      unit: "SECONDS",
      bars,
      limit: target === null ? null : { name: "Target", value: target },
    },
  ];
}

const levelOf = (value: number, target: number | null): Level => (target === null ? "NOT_JUDGED" : value <= target ? "GOOD" : "BAD");

function violationTable({ violations, count }: ViolationList): Table {
  return {
    name: "violations",
    title: "RPO violations",
    columns: [
      column("vm", "VM"),
      column("group", "Protection group"),
      column("openedAt", "From", "TIME"),
      column("closedAt", "To", "TIME"),
      column("rpoSeconds", "RPO", "SECONDS"),
      measure("rpoViolationSeconds"),
      column("worstLag", "Worst lag", "SECONDS"),
      column("critical", "Critical"),
      column("cause", "Cause"),
    ],
    rows: violations.map((one) => [
      one.vmName,
      one.groupName,
      timeOf(one.openedAt),
      timeOf(one.closedAt),
      one.rpoSeconds,
      one.seconds,
      one.worstLagSeconds,
      one.critical ? "yes" : "no",
      one.cause,
    ]),
    note: count === 0 ? "There was none in the range." : cut(violations.length, count, "longest"),
  };
}

function runTable({ runs, count }: RunList): Table {
  return {
    name: "runs",
    title: "Tests and recoveries",
    columns: [
      column("plan", "Plan"),
      column("kind", "Kind"),
      column("begun", "Begun", "TIME"),
      column("result", "Result"),
      column("rtoSeconds", "RTO", "SECONDS"),
      column("rtoTarget", "RTO target", "SECONDS"),
      column("rpoSeconds", "RPO", "SECONDS"),
      column("vmsRecovered", "VMs up", "COUNT"),
      column("vmsFailed", "VMs failed", "COUNT"),
    ],
    rows: runs.map((run) => [
      run.planName,
      run.kind,
      timeOf(run.dated),
      run.resultState ?? "under way",
      run.rtoAchievedSeconds,
      run.rtoTargetSeconds,
      run.rpoAchievedSeconds,
      run.vmsRecovered,
      run.vmsFailed,
    ]),
    note: count === 0 ? "There was none in the range." : cut(runs.length, count, "newest"),
  };
}
