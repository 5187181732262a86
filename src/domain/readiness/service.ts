/** Evaluates plans: those that a change has touched at once, and beside them every one at least every five minutes. */
import { type Looking, startLooking } from "../../jobs/looking.ts";
import { createPace, type Pace, withoutRest } from "../../jobs/pace.ts";
import type { ServiceContext } from "../service-context.ts";
import { addNew, type Claimed, claimPlan, claimTouched, claimUntouched, markTouched } from "./due.ts";
import { type EvaluationContext, evaluate } from "./evaluate.ts";
import { type Written, write } from "./write.ts";

export type ReadinessContext = Omit<EvaluationContext, "database"> & Pick<ServiceContext, "database" | "announce" | "log">;

/** So many plans are evaluated at once for each of the two reasons; the others wait for their turn. */
const plansAtOnce = 2;
const lookEveryMs = 2_000;
/** A fifth of the time goes to plans that nothing has touched, */
const restTimes = 4;
/** and half of it while they are so late that five minutes would not be kept: `write.ts` wants them a little earlier. */
const lateSeconds = 10;
const lateRestTimes = 1;

/** Evaluates this plan now, whether it is due or not; null: there is no such plan, or somebody else evaluates it. */
export async function evaluateNow(context: ReadinessContext, planId: string): Promise<Written | null> {
  const { pool } = context.database;
  await addNew(pool);
  await markTouched(pool);
  const [claim] = await claimPlan(pool, planId);
  return claim === undefined ? null : evaluateClaimed(context, claim);
}

/** Everything that is new or that a change has touched, until nothing is. */
export async function evaluateTouched(context: ReadinessContext, stop?: AbortSignal): Promise<void> {
  const { pool } = context.database;
  await addNew(pool);
  while (stop?.aborted !== true) {
    await markTouched(pool);
    const claims = await claimTouched(pool, plansAtOnce);
    if (claims.length === 0) return;
    await evaluateAll(context, claims);
  }
}

/** Everything that was evaluated long enough ago, until nothing is. */
export async function evaluateAgain(context: ReadinessContext, stop?: AbortSignal, pace: Pace = withoutRest): Promise<void> {
  while (stop?.aborted !== true) {
    const claims = await pace.work(async () => {
      const claimed = await claimUntouched(context.database.pool, plansAtOnce);
      await evaluateAll(context, claimed);
      return claimed;
    });
    if (claims.length === 0) return;
    await pace.rest(stop, claims.some((claim) => claim.lateSeconds > lateSeconds) ? lateRestTimes : restTimes);
  }
}

const evaluateAll = (context: ReadinessContext, claims: readonly Claimed[]) =>
  Promise.all(claims.map((claim) => evaluateSafely(context, claim)));

/** One that fails is left as it is, and tried again when its claim is over. */
async function evaluateSafely(context: ReadinessContext, claim: Claimed): Promise<void> {
  await evaluateClaimed(context, claim).catch((error: unknown) => {
    context.log.warn({ err: error, planId: claim.planId }, "a plan's readiness could not be evaluated");
  });
}

async function evaluateClaimed(context: ReadinessContext, claim: Claimed): Promise<Written | null> {
  const evaluation = await evaluate(context, claim.planId, claim);
  if (evaluation === null) return null;
  const written = await write(context.database.pool, claim, evaluation);
  if (written !== null) context.announce();
  return written;
}

/** Two looks beside each other: what is late never keeps a change waiting. `close` waits for what is being evaluated. */
export function startReadiness(context: ReadinessContext): Looking {
  const pace = createPace(restTimes);
  const failed = (err: unknown) => context.log.warn({ err }, "plans whose readiness is due could not be looked for");
  const looks = [
    startLooking({ everyMs: lookEveryMs, look: (stop) => evaluateTouched(context, stop), failed }),
    startLooking({ everyMs: lookEveryMs, look: (stop) => evaluateAgain(context, stop, pace), failed }),
  ];
  return { close: async () => void (await Promise.all(looks.map((look) => look.close()))) };
}
