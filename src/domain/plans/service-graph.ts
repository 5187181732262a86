/**
 * The order in which a plan's VMs start, checked as it stands in the database: after a change of settings, members, groups or priorities
 * has been written, before it is committed. Whoever changes it holds the pair (`locks.ts`).
 */
import type pg from "pg";
import type { VmPriority } from "../../database/generated/enums.ts";
import { fieldErrors, type Path } from "../field-errors.ts";
import { type PlanProblem, type PlanVm, problemsOf } from "./graph.ts";

type Queryable = Pick<pg.ClientBase, "query">;

const statements = {
  vms: `SELECT p.id AS "planId", p.name AS "planName", v.id, v.name, q.priority AS "priorityGroup",
      coalesce(s.priority, p.default_vm_priority) AS priority,
      coalesce((SELECT array_agg(d.depends_on_vm_id) FROM vm_dependency d WHERE d.vm_id = v.id), '{}') AS "dependsOn",
      coalesce((SELECT json_agg(json_build_object('rule', r.position - 1, 'targetIp', r.target_ip) ORDER BY r.position) FROM ip_rule r
        WHERE r.vm_id = v.id AND r.target_ip IS NOT NULL AND s.ip_customization_enabled), '[]') AS addresses
    FROM recovery_plan p JOIN plan_protection_group m ON m.plan_id = p.id JOIN plan_priority_group q ON q.id = m.priority_group_id
      JOIN protected_vm e ON e.group_id = m.group_id JOIN virtual_machine v ON v.id = e.vm_id LEFT JOIN vm_recovery_settings s ON s.vm_id = v.id
    WHERE p.id = ANY ($1::uuid[]) ORDER BY p.name, v.id IS NOT DISTINCT FROM $2, v.name, v.id`,
  plansOfVm: `SELECT m.plan_id AS id FROM protected_vm e JOIN plan_protection_group m ON m.group_id = e.group_id WHERE e.vm_id = $1`,
  plansOfGroup: `SELECT plan_id AS id FROM plan_protection_group WHERE group_id = $1`,
} as const;

interface VmRow extends PlanVm {
  readonly planId: string;
  readonly planName: string;
  readonly priority: VmPriority;
}

/** What is wrong in these plans, by plan. `last`: a VM that comes behind all others. */
export async function checkPlans(client: Queryable, ids: readonly string[], last: string | null = null): Promise<PlanProblem[]> {
  const { rows } = await client.query<VmRow>({ name: "plan-graph-vms", text: statements.vms, values: [ids, last] });
  const plans = Map.groupBy(rows, ({ planId }) => planId);
  return [...plans.values()].flatMap((vms) => problemsOf(vms[0]?.planName ?? "", vms));
}

async function planIds(client: Queryable, of: "plansOfVm" | "plansOfGroup", id: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({ name: `plan-graph-${of}`, text: statements[of], values: [id] });
  return rows.map((plan) => plan.id);
}

/** What is wrong in the plans that hold this VM; of two VMs with one address it is the second. */
export const checkPlansOfVm = async (client: Queryable, vmId: string): Promise<PlanProblem[]> =>
  checkPlans(client, await planIds(client, "plansOfVm", vmId), vmId);

/** Throws InvalidRequestError at this path when something is wrong in the plans that hold this group, whose members were changed. */
export async function refuseProblemsOfGroup(client: Queryable, groupId: string, path: Path): Promise<void> {
  const errors = fieldErrors();
  for (const { message } of await checkPlans(client, await planIds(client, "plansOfGroup", groupId))) errors.add(path, message);
  errors.check();
}
