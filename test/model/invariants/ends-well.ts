/** In calm, what runs by itself from READY to its end ends well: neither faults nor people are there to blame. */
import { Broken } from "../broken.ts";
import type { Look, RunLook } from "../look.ts";
import { isCalm, type Model } from "../model.ts";
import type { World } from "../world.ts";

export async function endsWell({ db }: World, model: Model, before: Look, after: Look): Promise<void> {
  if (!isCalm({ ...model, look: before }) || !isCalm({ ...model, look: after })) return;
  for (const run of after.runs.filter((one) => isWhole(before, one))) {
    if (run.resultState === "SUCCESS" || run.resultState === "WARNING") continue;
    const { rows } = await db.database.pool.query("SELECT 1 FROM leftover WHERE gone_at IS NULL LIMIT 1");
    // What a forced cleanup has left stands in the way of the next test.
    if (rows.length === 0) throw new Broken("A run has failed, and nothing was wrong", { run, after });
  }
}

/** It began in this step, of a plan that was READY, and is over; nobody has told it anything. */
const isWhole = (before: Look, { id, planId, kind, ended, cancelRequested, skipped, rerunOfId }: RunLook): boolean =>
  ended &&
  (kind === "TEST" || kind === "PLANNED") &&
  !cancelRequested &&
  skipped === 0 &&
  rerunOfId === null &&
  before.plans.some((plan) => plan.id === planId && plan.lifecycle === "READY") &&
  !before.runs.some((run) => run.id === id);
