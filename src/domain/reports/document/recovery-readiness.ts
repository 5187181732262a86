/** Whether a recovery would work when the report is made, and what says so. Pure. */
import type { Chart, Figure, Table, Verdict } from "../../documents/model.ts";
import { column, cut, timeOf } from "../../documents/tables.ts";
import type { EvaluationFacts, FindingList } from "../facts/findings.ts";
import type { PlanFacts } from "../facts/plans.ts";
import type { RunTotals } from "../facts/runs.ts";
import type { Parts } from "./compliance.ts";
import { figure } from "./measures.ts";
import { type PlanPart, planCounts, planSections, planTitle, verdictOver } from "./plans.ts";

export interface ReadinessFacts {
  readonly plans: readonly PlanFacts[];
  readonly totals: readonly RunTotals[];
  readonly evaluations: readonly EvaluationFacts[];
  readonly findings: FindingList;
}

export function recoveryReadiness({ plans, totals, evaluations, findings }: ReadinessFacts): Parts {
  const parts = plans.map((plan): PlanPart => {
    const evaluation = evaluations.find(({ planId }) => planId === plan.id);
    const tests = totals.find(({ planId, kind }) => planId === plan.id && kind === "TEST");
    return { plan, verdict: verdictOf(plan, evaluation), figures: figuresOf(plan, evaluation, tests), charts: [] };
  });
  return {
    verdict: verdictOver(parts, "could be recovered"),
    summary: [
      ...planCounts(parts),
      figure(
        "blockers",
        evaluations.reduce((sum, { blockers }) => sum + blockers, 0),
      ),
      figure(
        "warnings",
        evaluations.reduce((sum, { warnings }) => sum + warnings, 0),
      ),
      figure(
        "findingsOpened",
        evaluations.reduce((sum, { opened }) => sum + opened, 0),
      ),
      figure(
        "findingsResolved",
        evaluations.reduce((sum, { resolved }) => sum + resolved, 0),
      ),
    ],
    sections: [
      ...planSections(parts, [
        "readiness",
        "readinessScore",
        "blockers",
        "warnings",
        "lastGoodTestAt",
        "forecastRtoSeconds",
        "rtoTargetSeconds",
      ]),
      {
        title: "What to mend",
        text: "",
        verdict: null,
        figures: [],
        charts: forecastChart(plans, evaluations),
        tables: [findingTable(findings)],
      },
    ],
  };
}

function figuresOf(plan: PlanFacts, evaluation: EvaluationFacts | undefined, tests: RunTotals | undefined): Figure[] {
  const known = <T>(value: T): T | null => (plan.deleted ? null : value);
  return [
    figure("planState", plan.state),
    figure("readiness", evaluation?.readiness ?? null),
    figure("readinessScore", evaluation?.score ?? null),
    figure("evaluatedAt", timeOf(evaluation?.evaluatedAt ?? null)),
    figure("blockers", evaluation?.blockers ?? null),
    figure("warnings", evaluation?.warnings ?? null),
    figure("findingsOpened", evaluation?.opened ?? null),
    figure("findingsResolved", evaluation?.resolved ?? null),
    figure("lastGoodTestAt", timeOf(plan.lastGoodTestAt)),
    figure("lastTestResult", plan.lastTestResult),
    figure("tests", tests === undefined ? 0 : tests.success + tests.warning + tests.partial + tests.failed + tests.cancelled),
    figure("changesSinceTest", evaluation?.changes ?? null),
    figure("untestedSteps", evaluation?.untestedSteps ?? null),
    figure("rtoTargetSeconds", plan.rtoTargetSeconds),
    figure("forecastRtoSeconds", evaluation?.forecastRtoSeconds ?? null),
    figure("groups", known(plan.groups)),
    figure("groupsInTrouble", known(plan.groupsInTrouble)),
    figure("vms", known(plan.vms)),
    figure("vmsProtected", known(plan.vmsProtected)),
    figure("leftovers", known(plan.leftovers)),
    figure("sitesDisconnected", known(plan.sitesDisconnected)),
  ];
}

/** What is seen in the plan itself counts as well as what its evaluation found: that may be some minutes old, or missing. */
function verdictOf(plan: PlanFacts, evaluation: EvaluationFacts | undefined): Verdict {
  if (plan.deleted) return { level: "NOT_JUDGED", sentence: "The plan is deleted." };
  const words: string[] = [];
  if (evaluation !== undefined && evaluation.blockers > 0)
    words.push(`${evaluation.blockers} blocker${evaluation.blockers === 1 ? "" : "s"}`);
  if (plan.state === "NOT_READY" || plan.state === "ERROR") words.push(`its state is ${plan.state}`);
  if (plan.vmsProtected < plan.vms) words.push(`${plan.vms - plan.vmsProtected} of ${plan.vms} VMs are not protected`);
  if (plan.vms === 0) words.push("it protects no VM");
  if (plan.lastTestResult === "FAILED" || plan.lastTestResult === "PARTIAL") words.push(`its last test ended ${plan.lastTestResult}`);
  if (plan.lastGoodTestAt === null) words.push("no test of it has ever succeeded");
  if (words.length > 0) return { level: "BAD", sentence: `A recovery may not work: ${words.join("; ")}.` };
  const warnings = evaluation?.warnings ?? 0;
  const but = warnings === 0 ? "" : `, with ${warnings} warning${warnings === 1 ? "" : "s"}`;
  return {
    level: "GOOD",
    sentence: `Nothing stands in the way${but}; last tested successfully ${plan.lastGoodTestAt?.toISOString().slice(0, 10)}.`,
  };
}

const mostBars = 30;

/** Plans with a target and a forecast, against their own target: one target for all would say nothing. */
function forecastChart(plans: readonly PlanFacts[], evaluations: readonly EvaluationFacts[]): Chart[] {
  const bars = plans.flatMap((plan) => {
    const forecast = evaluations.find(({ planId }) => planId === plan.id)?.forecastRtoSeconds ?? null;
    const { rtoTargetSeconds: target } = plan;
    if (forecast === null || target === null) return [];
    return [
      {
        name: planTitle(plan),
        value: Math.round((1_000 * forecast) / target) / 10,
        level: forecast <= target ? ("GOOD" as const) : ("BAD" as const),
      },
    ];
  });
  if (bars.length === 0) return [];
  const shown = bars.toSorted((a, b) => b.value - a.value).slice(0, mostBars);
  const missed = bars.filter(({ level }) => level === "BAD").length;
  const summary = `${missed} of ${bars.length} plans with a target are forecast to miss it. The longest come first.`;
  return [
    {
      kind: "BARS",
      title: "RTO forecast, as a share of the plan's target",
      summary,
      unit: "PERCENT",
      bars: shown,
      limit: { name: "Target", value: 100 },
    },
  ];
}

const findingTable = ({ findings, count }: FindingList): Table => ({
  name: "findings",
  title: "Blockers and warnings that are open",
  columns: [
    column("plan", "Plan"),
    column("severity", "Severity"),
    column("code", "Code"),
    column("object", "About"),
    column("message", "What it is"),
    column("remedy", "How to mend it"),
    column("since", "Since", "TIME"),
  ],
  rows: findings.map((one) => [one.planName, one.severity, one.code, one.objectName, one.message, one.remedy, timeOf(one.openedAt)]),
  note: count === 0 ? "There is none." : cut(findings.length, count, "first"),
});
