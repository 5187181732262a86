/** Changing and deleting a plan. (Reference: Update Recovery Plan, Delete Recovery Plan.) */
import { fieldErrors } from "../field-errors.ts";
import { lockPair } from "../locks.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import type { ChangedPlan } from "./create.ts";
import { checkPlanWish, type PlanFields, type PlanWish, withWish } from "./defaults.ts";
import { checkPlan } from "./placements.ts";
import { lockForEdit, nameIsTaken, type Queryable } from "./rows.ts";

export interface UpdateInput extends PlanWish {
  readonly planId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export const update = (context: ServiceContext, viewer: Viewer, input: UpdateInput): Promise<ChangedPlan> =>
  mutate(context, viewer, {
    mutation: "updateRecoveryPlan",
    input: { ...input },
    answer: { planId: input.planId },
    act: async (client) => {
      const plan = await lockForEdit(client, "UPDATE_PLAN", input);
      const errors = fieldErrors();
      const fields = withWish(plan, input);
      checkPlanWish(errors, input);
      if (await nameIsTaken(client, fields.name, plan.id)) errors.add(["name"], "Another recovery plan has this name.");
      errors.check();
      return ifChanged(withWish(plan, {}), fields, async () => {
        const moves = fields.defaultVmPriority !== plan.defaultVmPriority;
        if (moves) await lockPair(client, plan.pairingId);
        await write(client, plan.id, fields);
        if (moves) await checkPlan(client, errors, plan.id, ["recoverySettings", "defaultVmPriority"]);
        return [{ kind: "PLAN_CHANGED", id: plan.id, change: "UPDATED" }];
      });
    },
  });

async function write(client: Queryable, planId: string, fields: PlanFields): Promise<void> {
  await client.query({
    name: "plan-update",
    text: `UPDATE recovery_plan SET name = $2, description = $3, default_vm_priority = $4, default_startup_delay_seconds = $5,
        default_shutdown_delay_seconds = $6, rto_target_seconds = $7, version = version + 1 WHERE id = $1`,
    values: [
      planId,
      fields.name,
      fields.description,
      fields.defaultVmPriority,
      fields.defaultStartupDelaySeconds,
      fields.defaultShutdownDelaySeconds,
      fields.rtoTargetSeconds,
    ],
  });
}

export interface DeleteInput {
  readonly planId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Its runs stay, with its name; its drills go with it. */
export const remove = (context: ServiceContext, viewer: Viewer, input: DeleteInput): Promise<ChangedPlan> =>
  mutate(context, viewer, {
    mutation: "deleteRecoveryPlan",
    input: { ...input },
    answer: { planId: input.planId },
    act: async (client) => {
      const { id, name } = await lockForEdit(client, "DELETE_PLAN", input);
      const { rows } = await client.query<{ id: string }>({
        name: "plan-delete-groups",
        text: `DELETE FROM plan_protection_group WHERE plan_id = $1 RETURNING group_id AS id`,
        values: [id],
      });
      const drills = await client.query<{ id: string; name: string }>({
        name: "plan-delete-drills",
        text: "DELETE FROM drill WHERE plan_id = $1 RETURNING id, name",
        values: [id],
      });
      await client.query({ name: "plan-delete", text: "DELETE FROM recovery_plan WHERE id = $1", values: [id] });
      const groups = rows.map((group) => ({ kind: "PROTECTION_GROUP_CHANGED", id: group.id, change: "UPDATED" }) as const);
      const gone = drills.rows.map((drill) => ({ kind: "DRILL_CHANGED", change: "DELETED", ...drill }) as const);
      return [{ kind: "PLAN_CHANGED", id, change: "DELETED", name }, ...groups, ...gone];
    },
  });
