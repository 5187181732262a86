/** Which runs are open, and the one error that says so. */
import type pg from "pg";
import type { PlanLifecycle } from "../../database/generated/enums.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { wayOn } from "./lifecycle.ts";
import type { PlanRow } from "./snapshot-rows.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface LockedPlan extends PlanRow {
  readonly lifecycle: PlanLifecycle;
  readonly pairingId: string;
}

export interface OpenRun {
  readonly recoveryId: string;
  readonly taskId: string | null;
  readonly kind: string;
  readonly planId: string | null;
  readonly planName: string;
}

const openRun = `SELECT r.id AS "recoveryId", t.id AS "taskId", r.kind, r.plan_id AS "planId", r.plan_name AS "planName"
  FROM recovery r LEFT JOIN task t ON t.recovery_id = r.id WHERE r.ended_at IS NULL`;

const planText = `SELECT id, name, lifecycle, pairing_id AS "pairingId", default_vm_priority AS "defaultVmPriority",
  default_startup_delay_seconds AS "defaultStartupDelaySeconds" FROM recovery_plan WHERE id = $1`;

export async function findPlan(database: Queryable, planId: string, query = { name: "plan-find", text: planText }): Promise<LockedPlan> {
  const { rows } = await database.query<LockedPlan>({ ...query, values: [planId] });
  const [plan] = rows;
  if (plan === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return plan;
}

/** Holds the plan's row, so that nothing else starts on the plan and nobody edits it meanwhile. */
export const lockPlan = (client: Queryable, planId: string): Promise<LockedPlan> =>
  findPlan(client, planId, { name: "plan-lock", text: `${planText} FOR UPDATE` });

export async function openRunOfPlan(database: Queryable, planId: string): Promise<OpenRun | null> {
  const { rows } = await database.query<OpenRun>({ name: "open-run-of-plan", text: `${openRun} AND r.plan_id = $1`, values: [planId] });
  return rows[0] ?? null;
}

/** Open tests and real recoveries on a pair of sites; a test that only waits for its cleanup is not open. */
export async function openRunsOfPair(client: Queryable, pairingId: string): Promise<OpenRun[]> {
  const text = `${openRun} AND r.pairing_id = $1 AND r.kind <> 'CLEANUP' ORDER BY r.kind = 'TEST', r.requested_at`;
  return (await client.query<OpenRun>({ name: "open-runs-of-pair", text, values: [pairingId] })).rows;
}

/** What is asked for does not go with the plan's lifecycle, or a run of it is open. */
export function planConflict(plan: Pick<LockedPlan, "id" | "name" | "lifecycle">, what: string, run: OpenRun | null): ConflictError {
  return new ConflictError(`${what} is not possible: the plan ${plan.name} is ${plan.lifecycle}.`, wayOn[plan.lifecycle], {
    planId: plan.id,
    planName: plan.name,
    lifecycle: plan.lifecycle,
    ...(run === null ? {} : { activeRecoveryId: run.recoveryId }),
    ...(run?.taskId ? { activeTaskId: run.taskId } : {}),
  });
}

/** Another plan's run stands in the way. */
export function runConflict(message: string, run: OpenRun, limit?: number): ConflictError {
  return new ConflictError(message, `Wait until that run has ended, or cancel it.`, {
    planName: run.planName,
    activeRecoveryId: run.recoveryId,
    ...(run.planId === null ? {} : { planId: run.planId }),
    ...(run.taskId === null ? {} : { activeTaskId: run.taskId }),
    ...(limit === undefined ? {} : { limit, current: limit }),
  });
}
