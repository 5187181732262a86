/** A plan's rows as mutations lock, read and write them. */
import type pg from "pg";
import type { PlanLifecycle, VmPriority } from "../../database/generated/enums.ts";
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { checkVersion } from "../mutation.ts";
import { planFacts } from "../recoveries/service/facts.ts";
import { editRefusal, type PlanEdit } from "./service-refusals.ts";
import type { Step } from "./steps.ts";

export type Queryable = Pick<pg.ClientBase, "query">;

export interface PlanRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly pairingId: string;
  readonly lifecycle: PlanLifecycle;
  readonly defaultVmPriority: VmPriority;
  readonly defaultStartupDelaySeconds: number;
  readonly defaultShutdownDelaySeconds: number;
  readonly rtoTargetSeconds: number | null;
  readonly version: number;
  /** Names of groups that were deleted with force since somebody changed the plan's groups. */
  readonly lostGroups: readonly string[];
}

const lockText = `SELECT id, name, description, pairing_id AS "pairingId", lifecycle, default_vm_priority AS "defaultVmPriority",
    default_startup_delay_seconds AS "defaultStartupDelaySeconds", default_shutdown_delay_seconds AS "defaultShutdownDelaySeconds",
    rto_target_seconds AS "rtoTargetSeconds", version, coalesce(lost_groups, '{}') AS "lostGroups"
  FROM recovery_plan WHERE id = $1 FOR UPDATE`;

/** Holds the plan for a change: it is there, nothing stands in the way, and it is what whoever asks has read. */
export async function lockForEdit(
  client: Queryable,
  edit: PlanEdit,
  { planId, expectedVersion }: { readonly planId: string; readonly expectedVersion?: number | null | undefined },
): Promise<PlanRow> {
  const { rows } = await client.query<PlanRow>({ name: "plan-lock-for-edit", text: lockText, values: [planId] });
  const [plan] = rows;
  if (plan === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  const refusal = editRefusal(await planFacts(client, planId), edit);
  if (refusal !== null) throw refusal;
  checkVersion(`the plan ${plan.name}`, plan.version, expectedVersion);
  return plan;
}

/** After a change of its groups or priority groups: whoever made it has seen which groups the plan had lost. */
export async function raiseVersion(client: Queryable, planId: string): Promise<void> {
  await client.query({
    name: "plan-raise-version",
    text: "UPDATE recovery_plan SET version = version + 1, lost_groups = '{}' WHERE id = $1",
    values: [planId],
  });
}

/** Another plan has this name. None has one that PostgreSQL can't even hold. */
export async function nameIsTaken(client: Queryable, name: string, planId: string | null): Promise<boolean> {
  if (name.includes("\0")) return false;
  const text = "SELECT 1 FROM recovery_plan WHERE lower(name) = lower($1) AND id IS DISTINCT FROM $2::uuid";
  return (await client.query({ name: "plan-name-taken", text, values: [name, planId] })).rowCount !== 0;
}

export interface PriorityGroupRow {
  readonly id: string;
  readonly priority: number;
  readonly name: string;
}

export async function readPriorityGroups(client: Queryable, planId: string): Promise<PriorityGroupRow[]> {
  const text = "SELECT id, priority, name FROM plan_priority_group WHERE plan_id = $1 ORDER BY priority";
  return (await client.query<PriorityGroupRow>({ name: "plan-priority-groups", text, values: [planId] })).rows;
}

export interface PlacedStep extends Step {
  readonly priorityGroupId: string;
  readonly phase: "PRE_POWER_ON" | "POST_POWER_ON";
}

/** In order. */
export async function readSteps(client: Queryable, planId: string): Promise<PlacedStep[]> {
  const { rows } = await client.query<PlacedStep>({
    name: "plan-steps",
    text: `SELECT s.id, s.priority_group_id AS "priorityGroupId", s.phase, s.type, s.name, s.command, coalesce(s.arguments, '{}') AS arguments,
        s.timeout_seconds AS "timeoutSeconds", s.run_on_site AS "runOnSite", s.continue_on_failure AS "continueOnFailure",
        s.run_in_test AS "runInTest", s.rerunnable, s.message, s.default_answer AS "defaultAnswer", s.needs_two_people AS "needsTwoPeople",
        s.duration_seconds AS "durationSeconds"
      FROM plan_step s JOIN plan_priority_group g ON g.id = s.priority_group_id WHERE g.plan_id = $1 ORDER BY s.phase, s.position`,
    values: [planId],
  });
  return rows;
}
