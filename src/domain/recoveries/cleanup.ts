/** Starting the cleanup of a plan's test: what is left of it is asked first, then one short transaction writes the run. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { CleanupSnapshot, RunWarning } from "../../engine/run-snapshot.ts";
import { runWarning } from "../../engine/warnings.ts";
import { askSite } from "../ask-site.ts";
import { ConflictError, ServiceUnavailableError } from "../errors.ts";
import { claim, firstAnswer, type KeyedRequest } from "../idempotency.ts";
import { brokenConstraint, inTransaction } from "../transaction.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { remainsOf } from "./cleanup-remains.ts";
import { groupsOfTest, lockGroupsOfTest, makingSteps, type TestToCleanUp, testToCleanUp } from "./cleanup-test.ts";
import { afterEvent } from "./lifecycle.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "./service-context.ts";
import { type PlanFacts, planFacts } from "./service-facts.ts";
import { lockPlan } from "./service-open-runs.ts";
import { cleanupRefusal } from "./service-refusals.ts";
import { insertRecovery } from "./service-run.ts";
import { readPastSeconds } from "./snapshot-read.ts";

export interface CleanupInput {
  readonly planId: string;
  /** Null: the plan's last test, or in READY the one with the oldest leftovers. */
  readonly recoveryId?: string | null | undefined;
  readonly force?: boolean | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export async function cleanup(context: RecoveriesContext, viewer: Viewer, input: CleanupInput): Promise<StartedRun> {
  checkTexts({ idempotencyKey: input.idempotencyKey });
  const { idempotencyKey, ...asked } = input;
  const request: KeyedRequest = { viewer, mutation: "cleanupTest", key: idempotencyKey ?? null, input: asked };
  const { pool } = context.database;
  const known = await firstAnswer<StartedRun>(pool, request);
  if (known !== null) return known;
  const force = input.force ?? false;
  if (force) requireRole(viewer, "RECOVERY_ADMIN");
  const { test, snapshot } = await prepare(context, input, force);
  const run = { recoveryId: newId(), taskId: newId() };
  const earlier = await inTransaction(pool, async (client) => {
    const first = await claim(client, request, run);
    if (first !== null) return first;
    const { lifecycle: stands } = await lockPlan(client, input.planId);
    if (stands === "READY") await lockGroupsOfTest(client, test.id);
    const plan = await factsFor(client, input.planId);
    await testToCleanUp(client, plan, test.id);
    const lifecycle = afterEvent(stands, stands === "READY" ? "leftoversCleanupStarted" : "cleanupStarted") ?? stands;
    const groups = await groupsOfTest(client, test.id);
    const common = { ...run, plan, lifecycle, viewer, options: { force }, notes: "", cleansUpId: test.id };
    await insertRecovery(client, { ...common, snapshot, groups, vmCount: snapshot.remains.vms.length });
    return null;
  }).catch((error: unknown) => explain(context, input.planId, error));
  if (earlier !== null) return earlier;
  context.log.info({ recoveryId: run.recoveryId, planId: input.planId, testRunId: test.id, force, by: viewer.name }, "cleanup requested");
  context.hint(run.recoveryId);
  context.announce();
  return run;
}

/** Of a plan that may be cleaned up; refused with what stands in the way. */
async function factsFor(database: Pick<pg.ClientBase, "query">, planId: string): Promise<PlanFacts> {
  const plan = await planFacts(database, planId);
  const refusal = cleanupRefusal(plan);
  if (refusal !== null) throw refusal;
  return plan;
}

async function prepare(context: RecoveriesContext, { planId, recoveryId }: CleanupInput, force: boolean) {
  const { pool } = context.database;
  const plan = await factsFor(pool, planId);
  const test = await testToCleanUp(pool, plan, recoveryId ?? null);
  const [steps, artefacts, pastSeconds] = await Promise.all([
    makingSteps(pool, test.id),
    artefactsOf(context, test, force),
    readPastSeconds(pool, planId, "CLEANUP"),
  ]);
  const warnings: RunWarning[] =
    artefacts === null
      ? [runWarning("SITE_NOT_ASKED", `${test.recoverySite.name} does not answer: only what the test has recorded is removed.`)]
      : [];
  const snapshot: CleanupSnapshot = {
    version: 1,
    kind: "CLEANUP",
    plan: { id: plan.id, name: plan.name },
    protectedSite: test.protectedSite,
    recoverySite: test.recoverySite,
    pastSeconds,
    warnings,
    testRunId: test.id,
    force,
    remains: remainsOf(steps, artefacts),
  };
  return { test, snapshot };
}

/** Null: the site does not answer, and force goes on without its word. */
async function artefactsOf({ providers }: RecoveriesContext, { id, recoverySite }: TestToCleanUp, force: boolean) {
  try {
    return await askSite(providers, recoverySite, (provider, signal) => provider.artefacts(recoverySite.externalId, id, signal));
  } catch (error) {
    if (force && error instanceof ServiceUnavailableError) return null;
    throw error;
  }
}

/** What a constraint stopped is the same conflict as what a check finds. */
async function explain({ database }: RecoveriesContext, planId: string, error: unknown): Promise<never> {
  if (brokenConstraint(error) === null) throw error;
  const { name: planName, lifecycle } = await factsFor(database.pool, planId);
  const message = "Something else was started at the same moment.";
  throw new ConflictError(message, "Look at the plan, and start again.", { planId, planName, lifecycle });
}
