/** From the database to a document: everything of a report is read in one snapshot, then put together. */
import type pg from "pg";
import type { PageSize, ReportType } from "../../database/generated/enums.ts";
import { inSnapshot } from "../../database/transaction.ts";
import { factsHash } from "../documents/facts-hash.ts";
import { ganttOf } from "../documents/gantt.ts";
import type { ReportDocument } from "../documents/model.ts";
import { mostRows } from "../documents/tables.ts";
import { compliance, type Parts } from "./document/compliance.ts";
import { evidence } from "./document/evidence.ts";
import { planTitle } from "./document/plans.ts";
import { protectionStatus } from "./document/protection-status.ts";
import { recoveryReadiness } from "./document/recovery-readiness.ts";
import { testHistory } from "./document/test-history.ts";
import { readEvaluations, readFindings } from "./facts/findings.ts";
import { drawRuns } from "./facts/gantt.ts";
import { readRunHeads } from "./facts/heads.ts";
import { readLag } from "./facts/lag.ts";
import { type PlanFacts, readPlans } from "./facts/plans.ts";
import { countUnprotected, readGroups, readVms } from "./facts/protection.ts";
import { readRuns, readRunTotals } from "./facts/runs.ts";
import type { Scope } from "./facts/scope.ts";
import { readViolations, readViolationTotals } from "./facts/violations.ts";

export interface ReportRequest {
  readonly type: ReportType;
  readonly pageSize: PageSize;
  readonly rangeStart: Date;
  readonly rangeEnd: Date;
  /** Empty: all plans. */
  readonly planIds: readonly string[];
  readonly requestedBy: string;
}

export const titles: Readonly<Record<ReportType, string>> = {
  RPO_RTO_COMPLIANCE: "RPO and RTO compliance",
  TEST_HISTORY: "Test history",
  PROTECTION_STATUS: "Protection status",
  RECOVERY_READINESS: "Recovery readiness",
};

/** Plans whose newest run is drawn. */
const mostDrawn = 12;

type Client = Pick<pg.ClientBase, "query">;

/** The database's time is the report's "now". */
export const makeDocument = (pool: pg.Pool, request: ReportRequest): Promise<ReportDocument> =>
  inSnapshot(pool, async (client) => {
    const { rows } = await client.query<{ now: Date }>("SELECT date_trunc('milliseconds', dr_now()) AS now");
    const { rangeStart: start, rangeEnd: end, planIds } = request;
    const scope = { start, end, planIds, now: rows[0]?.now ?? new Date() };
    const plans = await readPlans(client, scope);
    const { sections, ...parts } = await partsOf[request.type](client, scope, plans);
    const heads = await readRunHeads(client, scope, request.type, mostRows);
    const document = documentOf(request, scope, plans, { ...parts, sections: [...sections, evidence(heads)] });
    return { ...document, factsHash: factsHash(document) };
  });

const documentOf = (request: ReportRequest, { start, end, now }: Scope, plans: readonly PlanFacts[], parts: Parts) => ({
  type: request.type,
  title: titles[request.type],
  pageSize: request.pageSize,
  rangeStart: start.toISOString(),
  rangeEnd: end.toISOString(),
  madeAt: now.toISOString(),
  madeFor: request.requestedBy,
  plans: plans.map(planTitle),
  ...parts,
});

const partsOf: Readonly<Record<ReportType, (client: Client, scope: Scope, plans: readonly PlanFacts[]) => Promise<Parts>>> = {
  RPO_RTO_COMPLIANCE: async (client, scope, plans) =>
    compliance({
      plans,
      totals: await readRunTotals(client, scope),
      runs: await readRuns(client, scope, "", mostRows),
      violationTotals: await readViolationTotals(client, scope),
      violations: await readViolations(client, scope, mostRows),
      lag: await readLag(client, scope),
      from: scope.start.toISOString(),
      to: new Date(Math.max(scope.start.getTime() + 1, Math.min(scope.end.getTime(), scope.now.getTime()))).toISOString(),
      drawn: await drawRuns(client, scope, "", mostDrawn, ganttOf),
    }),
  TEST_HISTORY: async (client, scope, plans) =>
    testHistory({
      plans,
      totals: await readRunTotals(client, scope),
      runs: await readRuns(client, scope, "TEST", mostRows),
      drawn: await drawRuns(client, scope, "TEST", mostDrawn, ganttOf),
    }),
  PROTECTION_STATUS: async (client, scope, plans) =>
    protectionStatus({
      plans,
      groups: await readGroups(client, scope),
      vms: await readVms(client, scope, mostRows),
      violationTotals: await readViolationTotals(client, scope),
      unprotected: scope.planIds.length === 0 ? await countUnprotected(client) : null,
    }),
  RECOVERY_READINESS: async (client, scope, plans) =>
    recoveryReadiness({
      plans,
      totals: await readRunTotals(client, scope),
      evaluations: await readEvaluations(client, scope),
      findings: await readFindings(client, scope, mostRows),
    }),
};
