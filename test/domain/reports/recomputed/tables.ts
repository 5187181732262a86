/** The rows of the lists of reports, in their order. */
import type { ReportType } from "../../../../src/database/generated/enums.ts";
import { lastTests } from "./figures.ts";
import { type GroupRow, groupsIn, isWanted, type Rows, type RunRow, runsIn, seconds, violationsIn, type Wanted } from "./rows.ts";

type Row = Record<string, unknown>;
const iso = (at: Date | null) => at?.toISOString() ?? null;
const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

export function runRows(rows: Rows, wanted: Wanted, only: "TEST" | null): Row[] {
  const runs = runsIn(rows, wanted).filter(({ kind }) => only === null || kind === only);
  return runs
    .toSorted((a, b) => b.dated.getTime() - a.dated.getTime() || byId(b, a))
    .map((run) => {
      const own = {
        plan: run.planName,
        begun: iso(run.dated),
        result: run.resultState ?? "under way",
        rtoSeconds: run.rtoAchievedSeconds,
        rpoSeconds: run.rpoAchievedSeconds,
        vmsRecovered: run.vmsSucceeded,
        vmsFailed: run.vmsFailed,
      };
      const duration = run.endedAt === null ? null : Math.round(seconds(run.dated, run.endedAt));
      if (only !== null) return { ...own, duration, initiatedBy: run.initiatedBy, notes: run.notes };
      return { ...own, kind: run.kind, rtoTarget: rows.plans.find(({ id }) => id === run.planId)?.rtoTargetSeconds ?? null };
    });
}

export const violationRows = (rows: Rows, wanted: Wanted, madeAt: Date): Row[] =>
  violationsIn(rows, wanted, madeAt)
    .toSorted((a, b) => b.seconds - a.seconds || a.row.openedAt.getTime() - b.row.openedAt.getTime() || byId(a.row, b.row))
    .map(({ row, seconds: within }) => ({
      vm: row.vmName,
      group: row.groupName,
      openedAt: iso(row.openedAt),
      closedAt: iso(row.closedAt),
      rpoSeconds: row.rpoMinutes * 60,
      rpoViolationSeconds: Math.round(within),
      worstLag: row.worstLagSeconds,
      critical: row.criticalSince === null ? "no" : "yes",
      cause: row.cause,
    }));

const age = (at: Date | null, madeAt: Date) => (at === null ? null : Math.max(0, Math.floor(seconds(at, madeAt))));

export function groupRows(rows: Rows, wanted: Wanted, madeAt: Date): Row[] {
  const site = (id: string) => rows.sites.find((one) => one.id === id)?.name;
  const inPlan = ({ id }: GroupRow) => rows.plans.some(({ groups }) => groups.some(({ groupId }) => groupId === id));
  return groupsIn(rows, wanted)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((group) => {
      const points = group.recoveryPoints.filter(({ complete }) => complete).map(({ takenAt }) => takenAt.toISOString());
      const lags = group.members.map(({ lastSyncAt }) => age(lastSyncAt, madeAt)).filter((lag) => lag !== null);
      return {
        group: inPlan(group) ? group.name : `${group.name} (in no plan)`,
        from: site(group.protectedSiteId),
        to: site(group.recoverySiteId),
        state: group.state,
        fault: group.faultMessage,
        vms: group.members.length,
        vmsProtected: group.members.filter(({ protectionState }) => protectionState === "SHADOWING").length,
        rpoSeconds: group.rpoMinutes * 60,
        lagNowSeconds: lags.length === 0 ? null : Math.max(...lags),
        points: points.length,
        newestPointAt: points.toSorted().at(-1) ?? null,
      };
    });
}

export function vmRows(rows: Rows, wanted: Wanted, madeAt: Date): Row[] {
  const all = groupsIn(rows, wanted).flatMap(({ name, rpoMinutes, members }) => members.map((member) => ({ ...member, name, rpoMinutes })));
  const named = all.map((one) => ({ ...one, vm: rows.vms.find(({ id }) => id === one.vmId)?.name ?? "" }));
  const time = ({ lastSyncAt }: (typeof named)[number]) => lastSyncAt?.getTime() ?? -1;
  return named
    .toSorted((a, b) => time(a) - time(b) || (a.vm < b.vm ? -1 : 1))
    .map((one) => ({
      vm: one.vm,
      group: one.name,
      protection: one.protectionState,
      replication: one.replicationState,
      lastSyncAt: iso(one.lastSyncAt),
      lagSeconds: age(one.lastSyncAt, madeAt),
      rpoSeconds: one.rpoMinutes * 60,
    }));
}

export function findingRows({ findings, plans }: Rows, wanted: Wanted): Row[] {
  const named = findings.map((one) => ({ ...one, plan: plans.find(({ id }) => id === one.planId)?.name ?? "" }));
  return named
    .filter(({ resolvedAt, planId }) => resolvedAt === null && (wanted === null || wanted.includes(planId)))
    .toSorted(
      (a, b) =>
        Number(a.severity === "WARNING") - Number(b.severity === "WARNING") ||
        a.openedAt.getTime() - b.openedAt.getTime() ||
        (a.plan < b.plan ? -1 : 1),
    )
    .map(({ plan, severity, code, objectName, message, remedy, openedAt }) => ({
      plan,
      severity,
      code,
      object: objectName,
      message,
      remedy,
      since: iso(openedAt),
    }));
}

/** Runs that have ended and that a report is made of. Those of these histories have no events, and so no head. */
export function evidenceRows(type: ReportType, rows: Rows, wanted: Wanted): Row[] {
  const ofRange = runsIn(rows, wanted).filter(
    ({ endedAt, kind }) => endedAt !== null && (type === "RPO_RTO_COMPLIANCE" || kind === "TEST"),
  );
  const last = rows.plans.filter(({ id }) => isWanted(wanted, id)).flatMap(({ id }) => Object.values(lastTests(rows, id)));
  const also = type === "RECOVERY_READINESS" ? last.filter((run) => run !== undefined) : [];
  const part: RunRow[] = type === "PROTECTION_STATUS" ? [] : [...new Set([...ofRange, ...also])];
  return part
    .toSorted((a, b) => b.dated.getTime() - a.dated.getTime() || byId(b, a))
    .map((run) => ({
      plan: run.planName,
      kind: run.kind,
      begun: iso(run.dated),
      ended: iso(run.endedAt),
      events: run.lastEvent,
      recoveryId: Buffer.from(`Recovery:${run.id}`).toString("base64url"),
      headHash: null,
    }));
}
