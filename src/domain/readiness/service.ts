/** Evaluates plans: those that a change has touched at once, and beside them every one at least every five minutes. */
import { type Looking, startLooking } from "../../jobs/looking.ts";
import { createPace, type Pace, withoutRest } from "../../jobs/pace.ts";
import type { ServiceContext } from "../service-context.ts";
import { addNew, type Claimed, claimPlan, claimTouched, claimUntouched, markTouched } from "./due.ts";
import { type EvaluationContext, evaluate, openLook } from "./evaluate.ts";
import { type Evaluated, type Written, write } from "./write.ts";

export type ReadinessContext = Omit<EvaluationContext, "database"> & Pick<ServiceContext, "database" | "announce" | "log">;

/** So many plans share statements for each of the two reasons; the others wait for their turn. */
const atOnce = { plans: 25, vms: 1_000 };
const lookEveryMs = 2_000;
/** A fifth of the time goes to plans that nothing has touched, */
const restTimes = 4;
/** and half of it while they are so late that five minutes would not be kept: `write.ts` wants them a little earlier. */
const lateSeconds = 10;
const lateRestTimes = 1;
/** Half of it, at most, goes to those that are new or touched, as all of a site are whose state changes: what is one plan's is not felt. */
const touchedRestTimes = 1;

/** Evaluates this plan now, whether it is due or not; null: there is no such plan, or somebody else evaluates it. */
export async function evaluateNow(context: ReadinessContext, planId: string): Promise<Written | null> {
  const { pool } = context.database;
  await addNew(pool);
  await markTouched(pool);
  const [claim] = await claimPlan(pool, planId);
  if (claim === undefined) return null;
  const [evaluated] = await evaluateTogether(context, [claim]);
  if (evaluated === undefined) return null;
  return (await writeAll(context, [evaluated])).get(planId) ?? null;
}

/** Everything that is new or that a change has touched, until nothing is. */
export async function evaluateTouched(context: ReadinessContext, stop?: AbortSignal, pace: Pace = withoutRest): Promise<void> {
  const { pool } = context.database;
  await addNew(pool);
  while (stop?.aborted !== true) {
    const claims = await pace.work(async () => {
      await markTouched(pool);
      const claimed = await claimTouched(pool, atOnce);
      await evaluateAll(context, claimed);
      return claimed;
    });
    // A look that found nothing counts for no rest, or those of a quiet night would hold up the first change of the morning.
    await pace.rest(stop, claims.length === 0 ? 0 : undefined);
    if (claims.length === 0) return;
  }
}

/** Everything that was evaluated long enough ago, until nothing is. */
export async function evaluateAgain(context: ReadinessContext, stop?: AbortSignal, pace: Pace = withoutRest): Promise<void> {
  while (stop?.aborted !== true) {
    const claims = await pace.work(async () => {
      const claimed = await claimUntouched(context.database.pool, atOnce);
      await evaluateAll(context, claimed);
      return claimed;
    });
    if (claims.length === 0) return;
    await pace.rest(stop, claims.some((claim) => claim.lateSeconds > lateSeconds) ? lateRestTimes : restTimes);
  }
}

/** One that fails is left as it is, and tried again when its claim is over. */
async function evaluateAll(context: ReadinessContext, claims: readonly Claimed[]): Promise<void> {
  try {
    await writeAll(context, await evaluateTogether(context, claims));
  } catch (error) {
    const [first] = claims;
    if (first === undefined || claims.length > 1) {
      for (const claim of claims) await evaluateAll(context, [claim]); // one must not keep the others from it
      return;
    }
    context.log.warn({ err: error, planId: first.planId }, "a plan's readiness could not be evaluated");
  }
}

/** Those of plans that there are still. */
async function evaluateTogether(context: ReadinessContext, claims: readonly Claimed[]): Promise<Evaluated[]> {
  const look = openLook(context);
  // Each is waited for, also when one has failed: nothing of it goes on beside what comes then.
  const found = await Promise.allSettled(claims.map((claim) => evaluate(look, claim.planId, claim)));
  return found.flatMap((one, at) => {
    if (one.status === "rejected") throw one.reason;
    const claim = claims[at];
    return one.value === null || claim === undefined ? [] : [{ claim, evaluation: one.value }];
  });
}

async function writeAll(context: ReadinessContext, evaluated: readonly Evaluated[]): Promise<ReadonlyMap<string, Written>> {
  const written = await write(context.database.pool, evaluated);
  if (written.size > 0) context.announce();
  return written;
}

/**
 * Two looks beside each other: what is late never keeps a change waiting, and rests for what the changes take too. `close` waits for what is
 * being evaluated.
 */
export function startReadiness(context: ReadinessContext, pace = createPace(restTimes)): Looking {
  const touched = pace.beside(touchedRestTimes);
  const failed = (err: unknown) => context.log.warn({ err }, "plans whose readiness is due could not be looked for");
  const looks = [
    startLooking({ everyMs: lookEveryMs, look: (stop) => evaluateTouched(context, stop, touched), failed }),
    startLooking({ everyMs: lookEveryMs, look: (stop) => evaluateAgain(context, stop, pace), failed }),
  ];
  return { close: async () => void (await Promise.all(looks.map((look) => look.close()))) };
}
