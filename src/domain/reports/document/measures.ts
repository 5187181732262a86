/** Every figure of a report: what it is called, its unit, and how it is computed. The names are for programs and stay. */
import type { Figure, Measure, Unit, Value } from "../../documents/model.ts";

const measures = {
  plans: [
    "Plans",
    "COUNT",
    "Plans that the report is about: those that there are now, and those that are deleted and have runs in the range.",
  ],
  plansGood: ["Plans in order", "COUNT", "Plans whose verdict is good."],
  plansBad: ["Plans not in order", "COUNT", "Plans whose verdict is bad."],
  plansNotJudged: ["Plans not judged", "COUNT", "Plans without anything to judge them by."],
  rpoTargetSeconds: ["RPO target", "SECONDS", "The strictest RPO of the plan's protection groups, as it is set now."],
  rtoTargetSeconds: ["RTO target", "SECONDS", "The plan's RTO target, as it is set now. None: its runs are not judged by their RTO."],
  vms: ["VMs", "COUNT", "VMs of the plan's protection groups now."],
  rpoViolations: [
    "RPO violations",
    "COUNT",
    "Violations that were open at some time of the range, of groups that were in the plan then. Over all plans each counts once, also one of a group that was in none.",
  ],
  rpoViolationsCritical: [
    "Critical RPO violations",
    "COUNT",
    "RPO violations of the range whose lag came to three times the RPO or more, at any time.",
  ],
  rpoViolationVms: [
    "VMs with an RPO violation",
    "COUNT",
    "Different VMs of the RPO violations of the range, also those that are no longer protected.",
  ],
  rpoViolationSeconds: [
    "Time in violation",
    "SECONDS",
    "From the opening to the closing of each RPO violation, as far as it is in the range, added up. One that is open lasts until the report was made.",
  ],
  worstLagSeconds: [
    "Worst lag of a violation",
    "SECONDS",
    "The largest lag that was measured during any of the RPO violations of the range, from its opening to its closing.",
  ],
  rpoViolationsOpen: ["RPO violations open", "COUNT", "RPO violations of the range that are open when the report is made."],
  withinRpoPercent: [
    "Time within the RPO",
    "PERCENT",
    "100 × (1 − time over the RPO ÷ measured time), each VM's time added up, from the samples of lag that begin in the range. Over all plans a group that is in two of them counts in each.",
  ],
  worstMeasuredLagSeconds: [
    "Largest lag",
    "SECONDS",
    "The largest lag of a VM in the samples of lag that begin in the range, over the RPO or not.",
  ],
  runsEnded: [
    "Runs that ended",
    "COUNT",
    "Tests and recoveries that began in the range (by their request, where they never began) and have ended since.",
  ],
  recoveries: ["Recoveries", "COUNT", "Planned and disaster recoveries that began in the range and have ended."],
  runsOpen: ["Runs under way", "COUNT", "Tests and recoveries that began in the range and have not ended. They count in no other figure."],
  rtoMet: ["RTO met", "COUNT", "Runs of plans with a target that brought all VMs up within it. Runs that were cancelled are not judged."],
  rtoMissed: [
    "RTO missed",
    "COUNT",
    "Runs of plans with a target that took longer, or did not bring all VMs up. Runs that were cancelled are not judged.",
  ],
  rtoMetPercent: ["RTO met, share", "PERCENT", "100 × RTO met ÷ (RTO met + RTO missed)."],
  rtoMedianSeconds: [
    "RTO, median",
    "SECONDS",
    "The median of the RTOs that runs of the range achieved: from the request to the last VM that is ready, where all came up.",
  ],
  rtoWorstSeconds: ["RTO, longest", "SECONDS", "The longest of the RTOs that runs of the range achieved."],
  rpoWorstSeconds: [
    "RPO of a run, worst",
    "SECONDS",
    "The most that a run of the range lost: from the recovery point to the last moment that could have been saved.",
  ],
  tests: ["Tests", "COUNT", "Tests that began in the range and have ended."],
  testsGood: ["Tests that succeeded", "COUNT", "Tests with the result SUCCESS or WARNING."],
  testsWithWarnings: ["Tests with warnings", "COUNT", "Tests with the result WARNING; they count among those that succeeded."],
  testsPartial: ["Tests that succeeded in part", "COUNT", "Tests with the result PARTIAL: some VMs did not come up."],
  testsFailed: ["Tests that failed", "COUNT", "Tests with the result FAILED."],
  testsCancelled: ["Tests that were cancelled", "COUNT", "Tests with the result CANCELLED: they say nothing of the plan."],
  testsOpen: ["Tests under way", "COUNT", "Tests that began in the range and have not ended. They count in no other figure."],
  testsGoodPercent: ["Tests that succeeded, share", "PERCENT", "100 × tests that succeeded ÷ tests that were not cancelled."],
  testMedianSeconds: ["Duration of a test, median", "SECONDS", "The median from the beginning of a test to its end."],
  testLongestSeconds: ["Duration of a test, longest", "SECONDS", "The longest from the beginning of a test to its end."],
  vmsRecovered: ["VMs recovered in tests", "COUNT", "VMs that came up, each test's added up."],
  vmsFailed: ["VMs failed in tests", "COUNT", "VMs that did not come up, each test's added up."],
  newestTestAt: ["Newest test", "TIME", "When the newest of the tests of the range began."],
  plansTested: ["Plans tested", "COUNT", "Plans with a test of the range that has ended and was not cancelled."],
  plansUntested: ["Plans not tested", "COUNT", "Plans without a test of the range that has ended and was not cancelled."],
  groups: ["Protection groups", "COUNT", "Groups that are in the plan now."],
  groupsInTrouble: ["Protection groups in trouble", "COUNT", "Groups whose state is ERROR or NOT_READY, or that have a fault."],
  vmsProtected: ["VMs protected", "COUNT", "VMs with the protection state SHADOWING."],
  vmsProtectedPercent: ["VMs protected, share", "PERCENT", "100 × VMs protected ÷ VMs."],
  vmsSynced: ["VMs in sync", "COUNT", "VMs with the replication state SYNCED."],
  vmsLate: [
    "VMs behind their RPO",
    "COUNT",
    "VMs whose last synchronisation is longer ago than the RPO of their group allows, or that have had none.",
  ],
  lagNowSeconds: ["Oldest replica", "SECONDS", "The longest time since a VM's last synchronisation, when the report was made."],
  pointsKept: ["Recovery points", "COUNT", "Complete recovery points that are kept."],
  vmsUnprotected: ["VMs without protection", "COUNT", "VMs that their site lists and that are in no protection group, of all sites."],
  planState: ["State", "TEXT", "The plan's state when the report was made."],
  readiness: ["Readiness", "TEXT", "As the plan's last evaluation before the report found it."],
  readinessScore: ["Readiness score", "COUNT", "0 to 100, as the plan's last evaluation found it."],
  evaluatedAt: ["Evaluated", "TIME", "When the plan was last evaluated."],
  blockers: ["Blockers", "COUNT", "Findings that are in the way of a recovery and not resolved."],
  warnings: ["Warnings", "COUNT", "Findings that somebody should look at and that are not resolved."],
  findingsOpened: ["Findings opened", "COUNT", "Blockers and warnings that were found first in the range."],
  findingsResolved: [
    "Findings resolved",
    "COUNT",
    "Blockers and warnings that were found first in the range, and are resolved when the report is made.",
  ],
  changesSinceTest: [
    "Changes since the last good test",
    "COUNT",
    "What the plan's last evaluation found to be other than in its last successful test.",
  ],
  untestedSteps: ["Steps never tested", "COUNT", "Steps and commands that no successful test has run."],
  forecastRtoSeconds: [
    "RTO forecast",
    "SECONDS",
    "How long a disaster recovery would take now, as the plan's last evaluation computed it.",
  ],
  lastGoodTestAt: [
    "Last successful test",
    "TIME",
    "The end of the newest test with the result SUCCESS or WARNING before the end of the range, whenever it was.",
  ],
  lastTestResult: ["Result of the last test", "TEXT", "Of the newest test that ended before the end of the range and was not cancelled."],
  leftovers: ["Left by tests", "COUNT", "What tests have made, a cleanup could not remove, and is still there."],
  evidenceRuns: [
    "Runs with evidence",
    "COUNT",
    "Runs that the report is made of and that have ended: each with the head hash of its events.",
  ],
  sitesDisconnected: ["Sites disconnected", "COUNT", "Sites of the plan's pair that are DISCONNECTED."],
} as const satisfies Record<string, readonly [label: string, unit: Unit, definition: string]>;

export type MeasureName = keyof typeof measures;

export function measure(name: MeasureName): Measure {
  const [label, unit, definition] = measures[name];
  return { name, label, unit, definition };
}

export const figure = (name: MeasureName, value: Value): Figure => ({ ...measure(name), value });

/** One decimal; null where there is nothing to share. */
export const percent = (part: number, whole: number): number | null => (whole === 0 ? null : Math.round((1_000 * part) / whole) / 10);
