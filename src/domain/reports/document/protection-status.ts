/** How well plans, groups and VMs are protected when the report is made. Pure. */
import type { Figure, Table, Verdict } from "../../documents/model.ts";
import { column, cut, timeOf } from "../../documents/tables.ts";
import type { PlanFacts } from "../facts/plans.ts";
import type { GroupFacts, VmList } from "../facts/protection.ts";
import type { ViolationTotals } from "../facts/violations.ts";
import type { Parts } from "./compliance.ts";
import { figure, measure, percent } from "./measures.ts";
import { type PlanPart, planCounts, planSections, verdictOver } from "./plans.ts";

export interface ProtectionStatusFacts {
  readonly plans: readonly PlanFacts[];
  readonly groups: readonly GroupFacts[];
  readonly vms: VmList;
  readonly violationTotals: readonly ViolationTotals[];
  /** VMs that no group has; null: the report is about some plans only. */
  readonly unprotected: number | null;
}

export function protectionStatus({ plans, groups, vms, violationTotals, unprotected }: ProtectionStatusFacts): Parts {
  const violationsOf = (planId: string | null) => violationTotals.find((one) => one.planId === planId);
  const parts = plans.map((plan): PlanPart => {
    const own = groups.filter(({ planIds }) => planIds.includes(plan.id));
    const figures = [figure("rpoTargetSeconds", plan.rpoTargetSeconds), ...figuresOf(own), ...violationFigures(violationsOf(plan.id))];
    return { plan, verdict: verdictOf(plan, own), figures, charts: [] };
  });
  return {
    verdict: verdictOver(parts, "are protected within their RPO"),
    summary: [
      ...planCounts(parts),
      ...figuresOf(groups),
      ...violationFigures(violationsOf(null)),
      ...(unprotected === null ? [] : [figure("vmsUnprotected", unprotected)]),
    ],
    sections: [
      ...planSections(parts, ["groups", "groupsInTrouble", "vms", "vmsProtected", "vmsLate", "lagNowSeconds", "rpoViolations"]),
      { title: "Protection groups", text: "", verdict: null, figures: [], charts: [], tables: [groupTable(groups)] },
      { title: "VMs", text: "", verdict: null, figures: [], charts: [], tables: [vmTable(vms)] },
    ],
  };
}

const inTrouble = ({ state, faultMessage }: GroupFacts): boolean => state === "ERROR" || state === "NOT_READY" || faultMessage !== null;
const sum = (groups: readonly GroupFacts[], pick: (group: GroupFacts) => number): number =>
  groups.reduce((all, group) => all + pick(group), 0);

function figuresOf(groups: readonly GroupFacts[]): Figure[] {
  const [vms, safe] = [sum(groups, (group) => group.vms), sum(groups, ({ vmsProtected }) => vmsProtected)];
  const lags = groups.map(({ worstLagSeconds }) => worstLagSeconds).filter((lag) => lag !== null);
  return [
    figure("groups", groups.length),
    figure("groupsInTrouble", groups.filter(inTrouble).length),
    figure("vms", vms),
    figure("vmsProtected", safe),
    figure("vmsProtectedPercent", percent(safe, vms)),
    figure(
      "vmsSynced",
      sum(groups, ({ vmsSynced }) => vmsSynced),
    ),
    figure(
      "vmsLate",
      sum(groups, ({ vmsLate }) => vmsLate),
    ),
    figure("lagNowSeconds", lags.length === 0 ? null : Math.max(...lags)),
    figure(
      "pointsKept",
      sum(groups, ({ points }) => points),
    ),
  ];
}

const violationFigures = (violated: ViolationTotals | undefined): Figure[] => [
  figure("rpoViolations", violated?.count ?? 0),
  figure("rpoViolationsOpen", violated?.openNow ?? 0),
];

function verdictOf(plan: PlanFacts, groups: readonly GroupFacts[]): Verdict {
  if (plan.deleted) return { level: "NOT_JUDGED", sentence: "The plan is deleted." };
  const vms = sum(groups, (group) => group.vms);
  if (vms === 0) return { level: "BAD", sentence: "The plan protects no VM." };
  const words: string[] = [];
  const open = vms - sum(groups, ({ vmsProtected }) => vmsProtected);
  const late = sum(groups, ({ vmsLate }) => vmsLate);
  const troubled = groups.filter(inTrouble).map(({ name }) => name);
  if (open > 0) words.push(`${open} of ${vms} VMs are not protected`);
  if (late > 0) words.push(`${late} of ${vms} VMs are behind their RPO`);
  if (troubled.length > 0) words.push(`in trouble: ${troubled.slice(0, 5).join(", ")}`);
  if (words.length === 0) return { level: "GOOD", sentence: `All ${vms} VMs are protected within their RPO.` };
  return { level: "BAD", sentence: `${words.join("; ")}.` };
}

const groupTable = (groups: readonly GroupFacts[]): Table => ({
  name: "groups",
  title: "Protection groups",
  columns: [
    column("group", "Protection group"),
    column("from", "From site"),
    column("to", "To site"),
    column("state", "State"),
    column("fault", "Fault"),
    column("vms", "VMs", "COUNT"),
    column("vmsProtected", "Protected", "COUNT"),
    column("rpoSeconds", "RPO", "SECONDS"),
    measure("lagNowSeconds"),
    column("points", "Points", "COUNT"),
    column("newestPointAt", "Newest point", "TIME"),
  ],
  rows: groups.map((group) => [
    group.planIds.length === 0 ? `${group.name} (in no plan)` : group.name,
    group.protectedSite,
    group.recoverySite,
    group.state,
    group.faultMessage,
    group.vms,
    group.vmsProtected,
    group.rpoSeconds,
    group.worstLagSeconds,
    group.points,
    timeOf(group.newestPointAt),
  ]),
  note: groups.length === 0 ? "There is none." : null,
});

const vmTable = ({ vms, count }: VmList): Table => ({
  name: "vms",
  title: "VMs, those with the oldest replica first",
  columns: [
    column("vm", "VM"),
    column("group", "Protection group"),
    column("protection", "Protection"),
    column("replication", "Replication"),
    column("lastSyncAt", "Last synchronised", "TIME"),
    column("lagSeconds", "Lag", "SECONDS"),
    column("rpoSeconds", "RPO", "SECONDS"),
  ],
  rows: vms.map((vm) => [
    vm.name,
    vm.groupName,
    vm.protectionState,
    vm.replicationState,
    timeOf(vm.lastSyncAt),
    vm.lagSeconds,
    vm.rpoSeconds,
  ]),
  note: count === 0 ? "There is none." : cut(vms.length, count, "first"),
});
