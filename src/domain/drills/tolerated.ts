/** What a drill asks for beyond what any test does: recent replicas, and a plan whose readiness has nothing against it. */
import { PreconditionFailedError } from "../errors.ts";
import type { DrillRow, Queryable } from "./rows.ts";

/** Of a plan. */
export interface Standing {
  readonly planId: string;
  readonly vmName: string | null;
  /** Of the oldest replica; null: one has never been made. */
  readonly lagMinutes: number | null;
  readonly blocker: string | null;
}

const text = `SELECT p.id AS "planId", oldest.name AS "vmName", ceil(extract(epoch FROM dr_now() - oldest.at) / 60)::int4 AS "lagMinutes",
    (SELECT f.message FROM readiness_finding f WHERE f.plan_id = p.id AND f.severity = 'BLOCKER' AND f.resolved_at IS NULL
      AND 'TEST' = ANY (f.recovery_types) ORDER BY f.opened_at, f.id LIMIT 1) AS blocker
  FROM recovery_plan p LEFT JOIN LATERAL (
    SELECT v.name, m.last_sync_at AS at FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id
      JOIN virtual_machine v ON v.id = m.vm_id
    WHERE g.plan_id = p.id AND m.placeholder_external_id IS NOT NULL ORDER BY m.last_sync_at NULLS FIRST, v.name LIMIT 1) oldest ON true
  WHERE p.id = ANY ($1::uuid[])`;

export async function readStandings(database: Queryable, planIds: readonly string[]): Promise<Standing[]> {
  return (await database.query<Standing>({ name: "drill-tolerated", text, values: [planIds] })).rows;
}

/** What keeps this drill's test from being started; null: nothing. */
export function toleranceRefusal({ maxLagMinutes }: Pick<DrillRow, "maxLagMinutes">, standing: Standing): PreconditionFailedError | null {
  const { vmName, lagMinutes, blocker } = standing;
  if (maxLagMinutes !== null && vmName !== null && (lagMinutes === null || lagMinutes > maxLagMinutes)) {
    const age = lagMinutes === null ? "has never been made" : `is ${lagMinutes} min old`;
    const message = `The replica of ${vmName} ${age}, and the drill tolerates ${maxLagMinutes} min.`;
    return new PreconditionFailedError("LAG_TOO_HIGH", message, "See why its group is not replicated, or raise the drill's maxLagMinutes.");
  }
  if (blocker === null) return null;
  return new PreconditionFailedError("READINESS_BLOCKED", blocker, "Mend what the plan's readiness names as a blocker.");
}

/** With the plan held. */
export async function checkTolerated(client: Queryable, drill: DrillRow): Promise<void> {
  const [standing] = await readStandings(client, [drill.planId]);
  const refusal = standing === undefined ? null : toleranceRefusal(drill, standing);
  if (refusal !== null) throw refusal;
}
