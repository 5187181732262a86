import type { Database } from "../../database/database.ts";
import type { FindingSeverity, Readiness } from "../../database/generated/enums.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedOne, type Gate } from "../batching.ts";
import type { Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import type { PlanChange } from "./change.ts";
import type { ObjectType, RecoveryType } from "./found.ts";
import type { UntestedStep } from "./untested.ts";

export interface EvaluationRow {
  readonly planId: string;
  readonly readiness: Readiness | null;
  readonly score: number | null;
  readonly evaluatedAt: Date | null;
  readonly comparedWithId: string | null;
  readonly changes: readonly PlanChange[];
  readonly untestedSteps: readonly UntestedStep[];
  readonly forecastRtoSeconds: number | null;
}

export interface FindingRow {
  readonly id: string;
  readonly planId: string;
  readonly severity: FindingSeverity;
  /** Perhaps of a newer release. */
  readonly code: string;
  readonly objectType: ObjectType;
  readonly objectId: string | null;
  readonly objectName: string;
  readonly recoveryTypes: readonly RecoveryType[];
  readonly message: string;
  readonly remedy: string;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
}

const findingColumns = `f.id, f.plan_id AS "planId", f.severity, f.code, f.object_type AS "objectType", f.object_id AS "objectId", f.object_name AS "objectName",
  f.recovery_types AS "recoveryTypes", f.message, f.remedy, f.opened_at AS "openedAt", f.resolved_at AS "resolvedAt"`;

const statements = {
  evaluations: `SELECT plan_id AS "planId", readiness, score, evaluated_at AS "evaluatedAt", compared_with_id AS "comparedWithId", changes,
      untested_steps AS "untestedSteps", forecast_rto_seconds AS "forecastRtoSeconds" FROM readiness_evaluation WHERE plan_id = ANY ($1::uuid[])`,
  findings: `SELECT ${findingColumns} FROM readiness_finding f WHERE f.id = ANY ($1::uuid[])`,
} as const;

export interface FindingFilter {
  readonly open?: boolean | null | undefined;
  readonly severity?: string | null | undefined;
  readonly code?: string | null | undefined;
}

const findings: Source<"OPENED_AT", FindingFilter, "plan"> = {
  name: "readiness-findings",
  columns: findingColumns,
  from: "readiness_finding f",
  id: "f.id",
  orders: { OPENED_AT: { expression: "f.opened_at", type: "timestamptz" } },
  conditions: [
    { type: "bool", sql: (open) => `(f.resolved_at IS NULL) = ${open}`, value: ({ open }) => open },
    { type: "text", sql: (severity) => `f.severity::text = ${severity}`, value: ({ severity }) => severity },
    { type: "text", sql: (code) => `f.code = ${code}`, value: ({ code }) => code },
  ],
  parents: { plan: { column: "f.plan_id" } },
};

export function openReadinessLoaders({ pool }: Pick<Database, "pool">) {
  const evaluationOfPlan = batchedOne(
    (ids) => queryRows<EvaluationRow>(pool, { name: "readiness-of-plans", text: statements.evaluations, values: [ids] }),
    ({ planId }) => planId,
  );
  const finding = batchedOne(
    (ids) => queryRows<FindingRow>(pool, { name: "readiness-finding-by-id", text: statements.findings, values: [ids] }),
    ({ id }) => id,
  );
  const findingList = openList<FindingRow, "OPENED_AT", FindingFilter, "plan">(pool, findings, {
    field: "OPENED_AT",
    direction: "DESC",
    filter: {},
  });
  return (gate: Gate) => ({
    evaluationOfPlan: evaluationOfPlan.loader(gate),
    readinessFinding: finding.loader(gate),
    readinessFindingList: findingList(gate),
  });
}
