/**
 * Taking an incomplete recovery as it is: what failed is excluded, and the plan can be reprotected, which nothing can be of which no VM is
 * recovered: such a group is replicated no more, and a plan that has no others is READY, with their faults.
 */
import { endedProtection } from "../../engine/finish/unrecovered.ts";
import type { Change } from "../../events/changes.ts";
import { fieldErrors } from "../field-errors.ts";
import { lockGroupsOfPlan } from "../locks.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import type { ControlledRun } from "./control.ts";
import { lastRecovery } from "./last-recovery.ts";
import { checkTexts, type RecoveriesContext } from "./service/context.ts";
import { planFacts } from "./service/facts.ts";
import { lockPlan } from "./service/open-runs.ts";
import { acceptRefusal, nothingRecovered } from "./service/recovery-refusals.ts";

export interface AcceptInput {
  readonly planId: string;
  readonly comment: string;
  readonly idempotencyKey?: string | null | undefined;
}

const statements = {
  accept: "UPDATE recovery SET accepted_at = dr_now(), accepted_by = $2, accepted_comment = $3 WHERE id = $1",
  plan: `UPDATE recovery_plan SET lifecycle = (CASE WHEN EXISTS (SELECT FROM plan_protection_group m JOIN recovered_vm c ON c.group_id = m.group_id
    WHERE m.plan_id = $1) THEN 'RECOVERY_COMPLETE' ELSE 'READY' END)::"PlanLifecycle" WHERE id = $1 RETURNING id, name`,
  groups: `UPDATE protection_group g SET ${endedProtection} FROM plan_protection_group m
    WHERE m.plan_id = $1 AND g.id = m.group_id AND g.state = 'PARTIALLY_RECOVERED'
      AND NOT EXISTS (SELECT FROM recovered_vm c WHERE c.group_id = g.id) RETURNING g.id, g.name`,
  release: "DELETE FROM group_use u USING recovery r WHERE u.run_id = r.id AND r.plan_id = $1 AND r.ended_at IS NOT NULL",
} as const;

interface Named {
  readonly id: string;
  readonly name: string;
}

export async function accept(context: RecoveriesContext, viewer: Viewer, input: AcceptInput): Promise<ControlledRun> {
  const { planId, comment, idempotencyKey } = input;
  checkTexts({ comment, idempotencyKey });
  if (comment.trim() === "") {
    const errors = fieldErrors();
    errors.add(["comment"], "Say why the recovery is taken as it is: whoever reads the history wants to know.");
    errors.check();
  }
  requireRole(viewer, "RECOVERY_ADMIN");
  const request = { mutation: "acceptRecovery", input: { ...input } };
  const before = await unlessAnswered<ControlledRun, string>(context, viewer, request, () => toAccept(context, planId));
  if ("answer" in before) return before.answer;
  const recoveryId = before.prepared;
  return mutate<ControlledRun>(context, viewer, {
    ...request,
    answer: { recoveryId },
    async act(client) {
      await lockPlan(client, planId);
      await lockGroupsOfPlan(client, planId);
      const again = acceptRefusal(await planFacts(client, planId));
      if (again !== null) throw again;
      const write = async (name: keyof typeof statements, values: unknown[]) =>
        (await client.query<Named>({ name: `accept-${name}`, text: statements[name], values })).rows;
      await write("accept", [recoveryId, viewer.name, comment]);
      const groups = await write("groups", [planId]);
      await write("release", [planId]);
      const plans = await write("plan", [planId]);
      return [...plans.map(changed("PLAN_CHANGED")), ...groups.map(changed("PROTECTION_GROUP_CHANGED"))];
    },
  });
}

/** The recovery, if it can be accepted by what is known now. */
async function toAccept({ database: { pool } }: RecoveriesContext, planId: string): Promise<string> {
  const recoveryId = await lastRecovery(pool, planId);
  const plan = await planFacts(pool, planId);
  const refusal = acceptRefusal(plan);
  if (refusal !== null) throw refusal;
  if (recoveryId === null) throw nothingRecovered(plan);
  return recoveryId;
}

const changed =
  (kind: "PLAN_CHANGED" | "PROTECTION_GROUP_CHANGED") =>
  ({ id, name }: Named): Change => ({ kind, id, change: "UPDATED", name });
