/** Evaluates plans: those that a change has touched, and every one at least every five minutes. */
import { type Looking, startLooking } from "../../jobs/looking.ts";
import type { ServiceContext } from "../service-context.ts";
import { type Claim, claimDue, markTouched } from "./due.ts";
import { type Earlier, type EvaluationContext, evaluate } from "./evaluate.ts";
import { type Written, write } from "./write.ts";

export type ReadinessContext = Omit<EvaluationContext, "database"> & Pick<ServiceContext, "database" | "announce" | "log">;

/** So many plans are evaluated at once; the others wait for their turn. */
const plansAtOnce = 2;
const lookEveryMs = 2_000;

/** Evaluates this plan now, whether it is due or not; null: there is no such plan, or somebody else evaluates it. */
export async function evaluateNow(context: ReadinessContext, planId: string): Promise<Written | null> {
  await markTouched(context.database.pool);
  const [claim] = await claimDue(context.database.pool, 1, planId);
  return claim === undefined ? null : evaluateClaimed(context, claim);
}

/** Everything that is due, until nothing is. */
export async function evaluateDue(context: ReadinessContext, stop?: AbortSignal): Promise<void> {
  while (stop?.aborted !== true) {
    await markTouched(context.database.pool);
    const claims = await claimDue(context.database.pool, plansAtOnce);
    if (claims.length === 0) return;
    await Promise.all(claims.map((claim) => evaluateSafely(context, claim)));
  }
}

/** One that fails is left as it is, and tried again when its claim is over. */
async function evaluateSafely(context: ReadinessContext, claim: Claim & Earlier): Promise<void> {
  await evaluateClaimed(context, claim).catch((error: unknown) => {
    context.log.warn({ err: error, planId: claim.planId }, "a plan's readiness could not be evaluated");
  });
}

async function evaluateClaimed(context: ReadinessContext, claim: Claim & Earlier): Promise<Written | null> {
  const evaluation = await evaluate(context, claim.planId, claim);
  if (evaluation === null) return null;
  const written = await write(context.database.pool, claim, evaluation);
  if (written !== null) context.announce();
  return written;
}

/** `close` waits for what is being evaluated. */
export const startReadiness = (context: ReadinessContext): Looking =>
  startLooking({
    everyMs: lookEveryMs,
    look: (stop) => evaluateDue(context, stop),
    failed: (error) => context.log.warn({ err: error }, "plans whose readiness is due could not be looked for"),
  });
