/** Starting the cleanup of a plan's test: what is left of it is asked first, then one short transaction writes the run. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { CleanupSnapshot, RunWarning } from "../../engine/run-snapshot.ts";
import { runWarning } from "../../engine/warnings.ts";
import { askSite } from "../ask-site.ts";
import { ServiceUnavailableError } from "../errors.ts";
import { claim, firstAnswer, type KeyedRequest } from "../idempotency.ts";
import { brokenConstraint, inTransaction } from "../transaction.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { remainsOf } from "./cleanup-remains.ts";
import { checkGroupsOfOldTest, groupsOfTest, makingSteps, type TestToCleanUp, testToCleanUp } from "./cleanup-test.ts";
import { afterEvent } from "./lifecycle.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "./service-context.ts";
import { findPlan, type LockedPlan, lockPlan, openRunOfPlan, planConflict } from "./service-open-runs.ts";
import { insertRecovery } from "./service-run.ts";
import { readPastSeconds } from "./snapshot-read.ts";
import { checkGroupsFree } from "./start-checks.ts";

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
    const plan = await lockPlan(client, input.planId);
    const lifecycle = await checkLifecycle(client, plan);
    await testToCleanUp(client, plan, test.id);
    await checkGroups(client, plan, test.id);
    const groups = await groupsOfTest(client, test.id);
    const common = { ...run, plan, lifecycle, viewer, options: { force }, notes: "", cleansUpId: test.id };
    await insertRecovery(client, { ...common, snapshot, groups, vmCount: snapshot.remains.vms.length });
    return null;
  }).catch((error: unknown) => explain(context, input.planId, test.id, error));
  if (earlier !== null) return earlier;
  context.log.info({ recoveryId: run.recoveryId, planId: input.planId, testRunId: test.id, force, by: viewer.name }, "cleanup requested");
  context.hint(run.recoveryId);
  return run;
}

/** Where the plan goes; refused with the run that is open, if one is. */
async function checkLifecycle(client: Parameters<typeof openRunOfPlan>[0], plan: LockedPlan): Promise<LockedPlan["lifecycle"]> {
  const run = await openRunOfPlan(client, plan.id);
  // Whether a plan that is READY has leftovers is asked with the test that they are from.
  const next = afterEvent(plan.lifecycle, plan.lifecycle === "READY" ? "leftoversCleanupStarted" : "cleanupStarted");
  if (run !== null || next === null) throw planConflict(plan, "A cleanup", run);
  return next;
}

const checkGroups = (client: pg.ClientBase, plan: LockedPlan, testRunId: string): Promise<void> =>
  plan.lifecycle === "READY" ? checkGroupsOfOldTest(client, testRunId) : checkGroupsFree(client, plan.id, "OWN_RUNS");

async function prepare(context: RecoveriesContext, { planId, recoveryId }: CleanupInput, force: boolean) {
  const { pool } = context.database;
  const plan = await findPlan(pool, planId);
  await checkLifecycle(pool, plan);
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
async function explain({ database }: RecoveriesContext, planId: string, testRunId: string, error: unknown): Promise<never> {
  if (brokenConstraint(error) === null) throw error;
  return inTransaction(database.pool, async (client) => {
    const plan = await lockPlan(client, planId);
    await checkGroups(client, plan, testRunId);
    throw planConflict(plan, "A cleanup", await openRunOfPlan(client, planId));
  });
}
