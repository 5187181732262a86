/** Which tests there were, and how they went. Pure. */
import type { PlanGantt } from "../../documents/gantt.ts";
import type { Figure, Table, Verdict } from "../../documents/model.ts";
import { column, cut, timeOf } from "../../documents/tables.ts";
import type { PlanFacts } from "../facts/plans.ts";
import type { RunList, RunTotals } from "../facts/runs.ts";
import type { Parts } from "./compliance.ts";
import { figure, percent } from "./measures.ts";
import { type PlanPart, planCounts, planSections, verdictOver } from "./plans.ts";

export interface TestHistoryFacts {
  readonly plans: readonly PlanFacts[];
  readonly totals: readonly RunTotals[];
  readonly runs: RunList;
  readonly drawn: readonly PlanGantt[];
}

export function testHistory({ plans, totals, runs, drawn }: TestHistoryFacts): Parts {
  const testsOf = (planId: string | null) => totals.find((one) => one.planId === planId && one.kind === "TEST");
  const parts = plans.map((plan): PlanPart => {
    const tests = testsOf(plan.id);
    const gantt = drawn.find(({ planId }) => planId === plan.id);
    return { plan, verdict: verdictOf(tests), figures: figuresOf(tests), charts: gantt ? [gantt.chart] : [] };
  });
  const tested = plans.filter(({ id }) => judgedIn(testsOf(id)) > 0).length;
  return {
    verdict: verdictOver(parts, "passed their newest test"),
    summary: [
      ...planCounts(parts),
      figure("plansTested", tested),
      figure("plansUntested", parts.length - tested),
      ...figuresOf(testsOf(null)),
    ],
    sections: [
      ...planSections(parts, [
        "tests",
        "testsGood",
        "testsPartial",
        "testsFailed",
        "testsGoodPercent",
        "testMedianSeconds",
        "newestTestAt",
      ]),
      { title: "Tests", text: "", verdict: null, figures: [], charts: [], tables: [testTable(runs)] },
    ],
  };
}

const goodIn = (tests: RunTotals | undefined): number => (tests === undefined ? 0 : tests.success + tests.warning);
/** A test that was cancelled says nothing of its plan. */
const judgedIn = (tests: RunTotals | undefined): number => (tests === undefined ? 0 : goodIn(tests) + tests.partial + tests.failed);

function figuresOf(tests: RunTotals | undefined): Figure[] {
  return [
    figure("tests", judgedIn(tests) + (tests?.cancelled ?? 0)),
    figure("testsGood", goodIn(tests)),
    figure("testsWithWarnings", tests?.warning ?? 0),
    figure("testsPartial", tests?.partial ?? 0),
    figure("testsFailed", tests?.failed ?? 0),
    figure("testsCancelled", tests?.cancelled ?? 0),
    figure("testsOpen", tests?.open ?? 0),
    figure("testsGoodPercent", percent(goodIn(tests), judgedIn(tests))),
    figure("testMedianSeconds", tests?.medianSeconds ?? null),
    figure("testLongestSeconds", tests?.longestSeconds ?? null),
    figure("vmsRecovered", tests?.vmsRecovered ?? 0),
    figure("vmsFailed", tests?.vmsFailed ?? 0),
    figure("rtoMedianSeconds", tests?.rtoMedianSeconds ?? null),
    figure("rtoWorstSeconds", tests?.rtoWorstSeconds ?? null),
    figure("rpoWorstSeconds", tests?.rpoWorstSeconds ?? null),
    figure("newestTestAt", timeOf(tests?.newestAt ?? null)),
  ];
}

/** The newest test counts: what failed before it may have been mended. */
function verdictOf(tests: RunTotals | undefined): Verdict {
  const result = tests?.newestResult ?? null;
  if (result === null) return { level: "NOT_JUDGED", sentence: "No test of the range has ended that was not cancelled." };
  if (result === "SUCCESS" || result === "WARNING") {
    return { level: "GOOD", sentence: `The newest test succeeded${result === "WARNING" ? ", with warnings" : ""}.` };
  }
  return { level: "BAD", sentence: `The newest test ${result === "PARTIAL" ? "succeeded in part" : "failed"}.` };
}

function testTable({ runs, count }: RunList): Table {
  return {
    name: "tests",
    title: "Tests",
    columns: [
      column("plan", "Plan"),
      column("begun", "Begun", "TIME"),
      column("result", "Result"),
      column("duration", "Duration", "SECONDS"),
      column("vmsRecovered", "VMs up", "COUNT"),
      column("vmsFailed", "VMs failed", "COUNT"),
      column("rtoSeconds", "RTO", "SECONDS"),
      column("rpoSeconds", "RPO", "SECONDS"),
      column("initiatedBy", "Started by"),
      column("notes", "Notes"),
    ],
    rows: runs.map((run) => [
      run.planName,
      timeOf(run.dated),
      run.resultState ?? "under way",
      run.seconds,
      run.vmsRecovered,
      run.vmsFailed,
      run.rtoAchievedSeconds,
      run.rpoAchievedSeconds,
      run.initiatedBy,
      run.notes,
    ]),
    note: count === 0 ? "There was none in the range." : cut(runs.length, count, "newest"),
  };
}
