import type { Database } from "../../database/database.ts";
import type { PlanPriorityGroup, PlanStep } from "../../database/generated/client.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { hasPlanState, unmappedText } from "./loaders-state.ts";
import type { PlanRow } from "./types-refs.ts";
import type { MappingRow, StandingRow } from "./types-standing.ts";

const planColumns = `p.id, p.name, p.description, p.pairing_id AS "pairingId", p.lifecycle, p.default_vm_priority AS "defaultVmPriority",
  p.default_startup_delay_seconds AS "defaultStartupDelaySeconds", p.default_shutdown_delay_seconds AS "defaultShutdownDelaySeconds",
  p.rto_target_seconds AS "rtoTargetSeconds", p.last_test_at AS "lastTestAt", p.last_test_result AS "lastTestResult",
  p.last_recovery_at AS "lastRecoveryAt", p.last_recovery_result AS "lastRecoveryResult", p.version, p.created_at AS "createdAt",
  coalesce(p.lost_groups, '{}') AS "lostGroups"`;

/** Names of the group's recovered VMs whose originals are not proven off: known to run beside the copy, or not. */
const unproven = (bothOn: "IS NULL" | "IS NOT NULL") =>
  `ARRAY(SELECT v.name::text FROM recovered_vm c JOIN virtual_machine v ON v.id = c.vm_id
        WHERE c.group_id = g.id AND c.original_off_since IS NULL AND c.both_on_since ${bothOn} ORDER BY lower(v.name), v.id)`;

const statements = {
  plans: `SELECT ${planColumns} FROM recovery_plan p WHERE p.id = ANY($1::uuid[])`,
  /** Each plan's groups, with the run that uses them. */
  standing: `SELECT pg.plan_id AS "planId", g.id AS "groupId", g.name, g.state, g.protected_site_id AS "protectedSiteId",
      g.recovery_site_id AS "recoverySiteId", g.fault_message AS "faultMessage", g.fault_since AS "faultSince", g.peer_state AS "peerState",
      r.id AS "runId", r.plan_id AS "runPlanId", r.plan_name AS "runPlanName", r.kind AS "runKind",
      (SELECT count(*)::int4 FROM protected_vm m WHERE m.group_id = g.id) AS vms,
      (SELECT count(*)::int4 FROM protected_vm m WHERE m.group_id = g.id AND m.placeholder_external_id IS NOT NULL) AS "vmsConfigured",
      ${unproven("IS NOT NULL")} AS "bothRunning", ${unproven("IS NULL")} AS unproven,
      (SELECT min(coalesce(c.both_on_since, c.recovered_at)) FROM recovered_vm c WHERE c.group_id = g.id AND c.original_off_since IS NULL) AS "unprovenSince"
    FROM plan_protection_group pg JOIN protection_group g ON g.id = pg.group_id
      LEFT JOIN group_use u ON u.group_id = g.id LEFT JOIN recovery r ON r.id = u.run_id
    WHERE pg.plan_id = ANY($1::uuid[]) ORDER BY g.name`,
} as const;

export type PlanOrderField = "NAME" | "LAST_TEST_TIME" | "CREATED_AT";
export interface PlanFilter {
  readonly name?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly lifecycle?: string | null | undefined;
  readonly siteId?: string | null | undefined;
  readonly lastTestResult?: string | null | undefined;
  readonly readiness?: string | null | undefined;
}

const plans: Source<PlanOrderField, PlanFilter, never> = {
  name: "plans",
  columns: planColumns,
  from: "recovery_plan p",
  id: "p.id",
  orders: {
    NAME: { expression: "lower(p.name)", type: "text" },
    LAST_TEST_TIME: { expression: "coalesce(p.last_test_at, '-infinity')", type: "timestamptz" },
    CREATED_AT: { expression: "p.created_at", type: "timestamptz" },
  },
  conditions: [
    { type: "text", sql: (name) => `p.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "text", sql: hasPlanState, value: ({ state }) => state },
    { type: "text", sql: (lifecycle) => `p.lifecycle::text = ${lifecycle}`, value: ({ lifecycle }) => lifecycle },
    {
      type: "uuid",
      sql: (site) => `EXISTS (SELECT FROM site_pairing i WHERE i.id = p.pairing_id AND ${site} IN (i.local_site_id, i.remote_site_id))`,
      value: ({ siteId }) => siteId,
    },
    { type: "text", sql: (result) => `p.last_test_result::text = ${result}`, value: ({ lastTestResult }) => lastTestResult },
    {
      type: "text",
      sql: (readiness) =>
        `coalesce((SELECT e.readiness::text FROM readiness_evaluation e WHERE e.plan_id = p.id), 'UNKNOWN') = ${readiness}`,
      value: ({ readiness }) => readiness,
    },
  ],
  parents: {},
};

export function openPlanLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const plan = batchedOne(
    (ids) => queryRows<PlanRow>(pool, { name: "plan-by-id", text: statements.plans, values: [ids] }),
    ({ id }) => id,
  );
  const standingOfPlan = batchedMany(
    (ids) => queryRows<StandingRow>(pool, { name: "plan-standing", text: statements.standing, values: [ids] }),
    ({ planId }) => planId,
  );
  const unmappedOfPlan = batchedMany(
    (ids) => queryRows<MappingRow>(pool, { name: "plan-unmapped", text: unmappedText, values: [ids] }),
    ({ planId }) => planId,
  );
  const priorityGroup = batchedOne<PlanPriorityGroup>(
    (ids) => prisma.planPriorityGroup.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const priorityGroupsOfPlan = batchedMany<PlanPriorityGroup>(
    (ids) => prisma.planPriorityGroup.findMany({ where: { planId: { in: padded(ids) } }, orderBy: { priority: "asc" } }),
    ({ planId }) => planId,
  );
  const planStep = batchedOne<PlanStep>(
    (ids) => prisma.planStep.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const stepsOfPriorityGroup = batchedMany<PlanStep>(
    (ids) =>
      prisma.planStep.findMany({ where: { priorityGroupId: { in: padded(ids) } }, orderBy: [{ phase: "asc" }, { position: "asc" }] }),
    ({ priorityGroupId }) => priorityGroupId,
  );
  const placementOfGroups = batchedMany(
    (ids) => prisma.planProtectionGroup.findMany({ where: { planId: { in: padded(ids) } } }),
    ({ planId }) => planId,
  );
  const leftover = batchedOne(
    (ids) => prisma.leftover.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const leftoversOfPlan = batchedMany(
    (ids) =>
      prisma.leftover.findMany({ where: { planId: { in: padded(ids) }, goneAt: null }, orderBy: [{ foundAt: "asc" }, { name: "asc" }] }),
    ({ planId }) => planId,
  );
  const planList = openList<PlanRow, PlanOrderField, PlanFilter, never>(pool, plans, { field: "NAME", direction: "ASC", filter: {} });
  return (gate: Gate) => ({
    plan: plan.loader(gate),
    standingOfPlan: standingOfPlan.loader(gate),
    unmappedOfPlan: unmappedOfPlan.loader(gate),
    priorityGroup: priorityGroup.loader(gate),
    priorityGroupsOfPlan: priorityGroupsOfPlan.loader(gate),
    planStep: planStep.loader(gate),
    stepsOfPriorityGroup: stepsOfPriorityGroup.loader(gate),
    placementOfGroups: placementOfGroups.loader(gate),
    leftover: leftover.loader(gate),
    leftoversOfPlan: leftoversOfPlan.loader(gate),
    planList: planList(gate),
  });
}
