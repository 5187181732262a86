/** Starting the cleanup of a plan's test: what is left of it is asked first, then one short transaction writes the run. */
import type { CleanupSnapshot, RunWarning } from "../../engine/run-snapshot.ts";
import { runWarning } from "../../engine/warnings.ts";
import { askSite } from "../ask-site.ts";
import { ServiceUnavailableError } from "../errors.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { remainsOf } from "./cleanup-remains.ts";
import { groupsOfTest, lockGroupsOfTest, makingSteps, type TestToCleanUp, testToCleanUp } from "./cleanup-test.ts";
import { afterEvent } from "./lifecycle.ts";
import { atTheSameMoment, requestRun } from "./request-run.ts";
import { type Alongside, checkTexts, type RecoveriesContext, type StartedRun } from "./service/context.ts";
import { planFacts } from "./service/facts.ts";
import { cleansUpBehind, cleanupRefusal } from "./service/refusals.ts";
import { readPastSecondsOf } from "./snapshot/past.ts";

export interface CleanupInput {
  readonly planId: string;
  /** Null: the plan's last test, or in READY the one with the oldest leftovers. */
  readonly recoveryId?: string | null | undefined;
  readonly force?: boolean | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export async function cleanup(
  context: RecoveriesContext,
  viewer: Viewer,
  { idempotencyKey, ...input }: CleanupInput,
  alongside?: Alongside,
): Promise<StartedRun> {
  checkTexts({ idempotencyKey });
  const { planId } = input;
  const force = input.force ?? false;
  if (force) requireRole(viewer, "RECOVERY_ADMIN");
  return requestRun<Prepared>(
    context,
    viewer,
    {
      mutation: alongside?.mutation ?? "cleanupTest",
      planId,
      input: alongside?.input ?? input,
      idempotencyKey,
      alongside: alongside?.write,
    },
    {
      refusal: cleanupRefusal,
      prepare: () => prepare(context, input, force),
      async lock(client, { lifecycle }, { test }) {
        if (lifecycle === "READY") await lockGroupsOfTest(client, test.id);
      },
      async make(client, plan, { test, snapshot, keepsPlan }) {
        await testToCleanUp(client, plan, test.id);
        const { lifecycle: stands } = plan;
        if (cleansUpBehind(await planFacts(client, planId)) !== keepsPlan) throw atTheSameMoment({ ...plan, lifecycle: stands });
        const behind = {
          options: { force },
          notes: "",
          cleansUpId: test.id,
          rerunOfId: null,
          snapshot,
          vmCount: snapshot.remains.vms.length,
        };
        if (keepsPlan) return { ...behind, lifecycle: stands, groups: [], keepsGroups: true };
        const lifecycle = afterEvent(stands, stands === "READY" ? "leftoversCleanupStarted" : "cleanupStarted") ?? stands;
        const groups = await groupsOfTest(client, test.id);
        return { ...behind, lifecycle, groups };
      },
    },
  );
}

interface Prepared {
  /** A disaster recovery has gone past the test. */
  readonly keepsPlan: boolean;
  readonly test: TestToCleanUp;
  readonly snapshot: CleanupSnapshot;
}

async function prepare(context: RecoveriesContext, { planId, recoveryId }: CleanupInput, force: boolean): Promise<Prepared> {
  const { pool } = context.database;
  const plan = await planFacts(pool, planId);
  const keepsPlan = cleansUpBehind(plan);
  const test = await testToCleanUp(pool, plan, recoveryId ?? null);
  const [steps, artefacts, pastSeconds] = await Promise.all([
    makingSteps(pool, test.id),
    artefactsOf(context, test, force),
    readPastSecondsOf(pool, { planId, kind: "CLEANUP", towards: null }),
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
    keepsPlan,
    remains: remainsOf(steps, artefacts),
  };
  return { test, snapshot, keepsPlan };
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
