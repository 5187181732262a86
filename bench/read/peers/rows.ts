/** The rows that mercurius' loaders read, by prepared statements: one for each relation. */
import type { Prepared } from "./serve.ts";

export interface PlanRow {
  readonly id: string;
}
export interface GroupRow {
  readonly id: string;
  readonly planId: string;
}
export interface VmRow {
  readonly id: string;
  readonly groupId: string;
  readonly name: string;
}
export interface StepRow {
  readonly runId: string;
}

const vmColumns = `v.id, v.name, v.power_state AS "powerState", v.cpu_count AS "cpuCount", v.memory_mb AS "memoryMb"`;

export const plan: Prepared = {
  name: "plan",
  text: `SELECT id, name, description, lifecycle, rto_target_seconds AS "rtoTargetSeconds" FROM recovery_plan WHERE id = $1::uuid`,
};
export const groupsOfPlans: Prepared = {
  name: "groups",
  text: `SELECT pg.plan_id AS "planId", g.id, g.name, g.state, g.replication_type AS "replicationType", g.rpo_minutes AS "rpoMinutes"
    FROM plan_protection_group pg JOIN protection_group g ON g.id = pg.group_id WHERE pg.plan_id = ANY($1::uuid[]) ORDER BY lower(g.name), g.id`,
};
export const vmsOfGroups: Prepared = {
  name: "vms",
  text: `SELECT m.group_id AS "groupId", ${vmColumns} FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id
    WHERE m.group_id = ANY($1::uuid[]) ORDER BY lower(v.name), v.id`,
};
export const vmPage: Prepared = {
  name: "vm-page",
  text: `SELECT ${vmColumns} FROM virtual_machine v WHERE $2::text IS NULL OR (lower(v.name), v.id) > ($2::text, $3::uuid)
    ORDER BY lower(v.name), v.id LIMIT $1::int`,
};
export const recovery: Prepared = {
  name: "recovery",
  text: `SELECT id, plan_name AS "planName", state FROM recovery WHERE id = $1::uuid`,
};
export const stepsOfRuns: Prepared = {
  name: "steps",
  text: `SELECT s.* FROM unnest($1::uuid[]) AS k (id) CROSS JOIN LATERAL (SELECT run_id AS "runId", path AS number, name, kind, status FROM recovery_step
    WHERE run_id = k.id ORDER BY ordinal LIMIT $2::int) AS s`,
};
