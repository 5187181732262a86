/** Which runs are open, and the errors that say so. */
import type pg from "pg";
import type { PlanLifecycle } from "../../../database/generated/enums.ts";
import type { RunKind } from "../../../engine/model.ts";
import { ConflictError, NotFoundError } from "../../errors.ts";
import { encodeId } from "../../ids.ts";
import { wayOn } from "../lifecycle.ts";
import type { PlanRow } from "../snapshot/rows.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface LockedPlan extends PlanRow {
  readonly lifecycle: PlanLifecycle;
  readonly pairingId: string;
}

export interface OpenRun {
  readonly recoveryId: string;
  readonly taskId: string | null;
  readonly kind: RunKind;
  readonly planId: string | null;
  /** Of a run of a protection group: the group's name. */
  readonly planName: string;
}

const planText = `SELECT id, name, lifecycle, pairing_id AS "pairingId", default_vm_priority AS "defaultVmPriority",
  default_startup_delay_seconds AS "defaultStartupDelaySeconds", default_shutdown_delay_seconds AS "defaultShutdownDelaySeconds" FROM recovery_plan`;

/** Holds the plan's row, so that nothing else starts on the plan and nobody edits it meanwhile. */
export async function lockPlan(client: Queryable, planId: string): Promise<LockedPlan> {
  const { rows } = await client.query<LockedPlan>({ name: "plan-lock", text: `${planText} WHERE id = $1 FOR UPDATE`, values: [planId] });
  const [plan] = rows;
  if (plan === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return plan;
}

/** As they are, for what only shows what would happen. */
export async function readPlans(client: Queryable, planIds: readonly string[]): Promise<readonly LockedPlan[]> {
  const text = `${planText} WHERE id = ANY ($1::uuid[])`;
  return (await client.query<LockedPlan>({ name: "plans-read", text, values: [planIds] })).rows;
}

const nouns: Record<RunKind, string> = {
  TEST: "test",
  CLEANUP: "cleanup",
  PLANNED: "planned recovery",
  DISASTER: "disaster recovery",
  REPROTECT: "reprotect",
  GROUP_CREATE: "creation",
  GROUP_UPDATE: "change",
  GROUP_DELETE: "deletion",
};

/** "the test of the plan Web"; of a run that works on a protection group: "its deletion". */
export const nameOf = ({ kind, planName }: OpenRun): string =>
  kind.startsWith("GROUP_") ? `its ${nouns[kind]}` : `the ${nouns[kind]} of the plan ${planName}`;

const untilItEnds = ({ kind }: OpenRun): string =>
  kind === "CLEANUP" || kind.startsWith("GROUP_") ? "Wait until it has ended." : "Wait until it has ended, or cancel it.";

const detailsOf = (run: OpenRun) => ({
  planName: run.planName,
  activeRecoveryId: run.recoveryId,
  ...(run.planId === null ? {} : { planId: run.planId }),
  ...(run.taskId === null ? {} : { activeTaskId: run.taskId }),
});

/** A run that has ended and keeps its groups, and what frees them. */
export function leftOpen({ kind, planName }: Pick<OpenRun, "kind" | "planName">): { readonly what: string; readonly remedy: string } {
  const [left, remedy] =
    kind === "TEST" || kind === "CLEANUP"
      ? ["has not been cleaned up", `Clean up the plan ${planName} first (cleanupTest).`]
      : kind === "REPROTECT"
        ? ["is incomplete", `Reprotect the plan ${planName} again first (startReprotect).`]
        : ["is incomplete", `Run the recovery of the plan ${planName} again first, or accept it as it is (acceptRecovery).`];
  return { what: `a run of the plan ${planName} that ${left}`, remedy };
}

/** What is asked for does not go with the plan's lifecycle, or a run of it is open. `what` begins a sentence: "A test". */
export function planConflict(plan: Pick<LockedPlan, "id" | "name" | "lifecycle">, what: string, run: OpenRun | null): ConflictError {
  const { id: planId, name: planName, lifecycle } = plan;
  if (run === null) {
    const message = `${what} is not possible: the plan ${planName} is ${lifecycle}.`;
    return new ConflictError(message, wayOn[lifecycle], { planId, planName, lifecycle });
  }
  const details = { ...detailsOf(run), planId, planName, lifecycle };
  return new ConflictError(`${what} is not possible: ${nameOf(run)} is under way.`, untilItEnds(run), details);
}

/** Another run stands in the way. */
export const runConflict = (message: string, run: OpenRun, limit?: number): ConflictError =>
  new ConflictError(message, untilItEnds(run), { ...detailsOf(run), ...(limit === undefined ? {} : { limit, current: limit }) });
