/** Taking an incomplete recovery as it is: what failed is excluded, and the plan can be reprotected. */
import { fieldErrors } from "../field-errors.ts";
import { mutate } from "../mutation.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import type { ControlledRun } from "./control.ts";
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
  last: "SELECT id FROM recovery WHERE plan_id = $1 AND kind IN ('PLANNED', 'DISASTER') ORDER BY requested_at DESC, id DESC LIMIT 1",
  accept: "UPDATE recovery SET accepted_at = dr_now(), accepted_by = $2, accepted_comment = $3 WHERE id = $1",
  plan: "UPDATE recovery_plan SET lifecycle = 'RECOVERY_COMPLETE' WHERE id = $1 RETURNING id, name",
} as const;

export async function accept(context: RecoveriesContext, viewer: Viewer, input: AcceptInput): Promise<ControlledRun> {
  const { planId, comment, idempotencyKey } = input;
  checkTexts({ comment, idempotencyKey });
  if (comment.trim() === "") {
    const errors = fieldErrors();
    errors.add(["comment"], "Say why the recovery is taken as it is: whoever reads the history wants to know.");
    errors.check();
  }
  requireRole(viewer, "RECOVERY_ADMIN");
  const { rows } = await context.database.pool.query<{ id: string }>({ name: "accept-last", text: statements.last, values: [planId] });
  const plan = await planFacts(context.database.pool, planId);
  const refusal = acceptRefusal(plan);
  if (refusal !== null) throw refusal;
  const [run] = rows;
  if (run === undefined) throw nothingRecovered(plan);
  return mutate<ControlledRun>(context, viewer, {
    mutation: "acceptRecovery",
    input: { ...input },
    answer: { recoveryId: run.id },
    async act(client) {
      await lockPlan(client, planId);
      const again = acceptRefusal(await planFacts(client, planId));
      if (again !== null) throw again;
      await client.query({ name: "accept-run", text: statements.accept, values: [run.id, viewer.name, comment] });
      const { rows: plans } = await client.query<{ id: string; name: string }>({
        name: "accept-plan",
        text: statements.plan,
        values: [planId],
      });
      return plans.map(({ id, name }) => ({ kind: "PLAN_CHANGED", id, change: "UPDATED", name }) as const);
    },
  });
}
