/** Starting a test: what can be asked of sites first, then one short transaction that checks, snapshots and writes the run. */
import { v7 as newId } from "uuid";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { capabilitiesOf, type SiteRow, withCapabilities } from "../ask-site.ts";
import { ConflictError, PreconditionFailedError } from "../errors.ts";
import { claim, firstAnswer, type KeyedRequest } from "../idempotency.ts";
import { brokenConstraint, inTransaction } from "../transaction.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { roleFor } from "./control.ts";
import { afterEvent } from "./lifecycle.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "./service-context.ts";
import { lockPlan, openRunOfPlan, planConflict } from "./service-open-runs.ts";
import { insertRecovery } from "./service-run.ts";
import { buildTestSnapshot } from "./snapshot.ts";
import { readPastSeconds, readPlanRows } from "./snapshot-read.ts";
import type { PlanRows } from "./snapshot-rows.ts";
import { checkConnected, checkDirection, checkGroupStates, checkGroupsFree, checkPair, checkPlan, refuse } from "./start-checks.ts";
import { nothingKnown, sitesOfPlan } from "./start-sites.ts";

export interface StartInput {
  readonly planId: string;
  readonly recoveryType: "TEST" | "PLANNED" | "DISASTER";
  readonly syncData?: boolean | null | undefined;
  readonly powerOnVms?: boolean | null | undefined;
  readonly runScripts?: boolean | null | undefined;
  readonly failurePolicy?: "CONTINUE" | "PAUSE" | null | undefined;
  readonly notes?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** What was found out before the transaction. */
interface Prepared {
  readonly recoverySite: SiteRow;
  readonly sites: { readonly protectedSite: SnapshotSite; readonly recoverySite: SnapshotSite };
  readonly protectedSiteIsAway: boolean;
  readonly pastSeconds: Readonly<Record<string, number>>;
}

export async function start(context: RecoveriesContext, viewer: Viewer, input: StartInput): Promise<StartedRun> {
  checkTexts({ notes: input.notes, idempotencyKey: input.idempotencyKey });
  requireRole(viewer, roleFor(input.recoveryType));
  refuseWhatComesLater(input);
  const { idempotencyKey, ...asked } = input;
  const request: KeyedRequest = { viewer, mutation: "startRecovery", key: idempotencyKey ?? null, input: asked };
  const { pool } = context.database;
  const known = await firstAnswer<StartedRun>(pool, request);
  if (known !== null) return known;
  const prepared = await prepare(context, input.planId);
  const run = { recoveryId: newId(), taskId: newId() };
  const earlier = await inTransaction(pool, async (client) => {
    const first = await claim(client, request, run);
    if (first !== null) return first;
    const plan = await lockPlan(client, input.planId);
    await checkPlan(client, plan);
    await checkPair(client, plan.pairingId);
    await checkGroupsFree(client, plan.id);
    const rows = await readPlanRows(client, plan);
    const { snapshot, options } = snapshotOf(rows, input, prepared);
    const lifecycle = afterEvent(plan.lifecycle, "testStarted") ?? plan.lifecycle;
    const common = { ...run, plan, lifecycle, viewer, options, notes: input.notes ?? "", cleansUpId: null };
    await insertRecovery(client, { ...common, snapshot, groups: rows.groups, vmCount: snapshot.vms.length });
    return null;
  }).catch((error: unknown) => explain(context, input.planId, error));
  if (earlier !== null) return earlier;
  context.log.info({ recoveryId: run.recoveryId, planId: input.planId, by: viewer.name }, "test requested");
  context.hint(run.recoveryId);
  return run;
}

function refuseWhatComesLater({ recoveryType, failurePolicy }: StartInput): void {
  if (recoveryType !== "TEST") {
    const message = `This release runs tests and their cleanup only; it can't run a ${recoveryType.toLowerCase()} recovery yet.`;
    throw new PreconditionFailedError("NOT_YET_SUPPORTED", message, "Start a TEST. Real recoveries come with a later release.");
  }
  if (failurePolicy === "PAUSE") {
    const message = "This release can't pause a run at a failure yet.";
    throw new PreconditionFailedError("NOT_YET_SUPPORTED", message, "Leave failurePolicy out, or send CONTINUE.");
  }
}

/** The protected site may be away: a test does without it. */
async function prepare({ database, providers }: RecoveriesContext, planId: string): Promise<Prepared> {
  const { protectedSite, recoverySite } = await sitesOfPlan(database.pool, planId);
  const protectedSiteIsAway = protectedSite.state === "DISCONNECTED";
  checkConnected(recoverySite);
  const [ofProtected, ofRecovery, pastSeconds] = await Promise.all([
    protectedSiteIsAway ? nothingKnown : capabilitiesOf(providers, protectedSite).catch(() => nothingKnown),
    capabilitiesOf(providers, recoverySite),
    readPastSeconds(database.pool, planId, "TEST"),
  ]);
  const sites = { protectedSite: withCapabilities(protectedSite, ofProtected), recoverySite: withCapabilities(recoverySite, ofRecovery) };
  return { recoverySite, sites, protectedSiteIsAway, pastSeconds };
}

function snapshotOf(rows: PlanRows, input: StartInput, { recoverySite, sites, protectedSiteIsAway, pastSeconds }: Prepared) {
  checkDirection(rows.groups, recoverySite);
  checkGroupStates(rows.groups);
  const wantsSync = input.syncData ?? true;
  const options = {
    powerOnVms: input.powerOnVms ?? true,
    runScripts: input.runScripts ?? true,
    syncData: wantsSync && !protectedSiteIsAway,
  };
  const warnings =
    wantsSync && protectedSiteIsAway
      ? [
          {
            code: "SYNC_IGNORED",
            message: `${sites.protectedSite.name} is disconnected: the newest complete recovery points are used as they are.`,
          },
        ]
      : [];
  const result = buildTestSnapshot({ rows, ...sites, options, pastSeconds, warnings });
  if ("faults" in result) refuse(result.faults);
  return { snapshot: result.snapshot, options };
}

/** What a constraint stopped is the same conflict as what a check finds. */
async function explain({ database }: RecoveriesContext, planId: string, error: unknown): Promise<never> {
  const constraint = brokenConstraint(error);
  if (constraint === null) throw error;
  return inTransaction(database.pool, async (client) => {
    const plan = await lockPlan(client, planId);
    await checkPair(client, plan.pairingId);
    await checkGroupsFree(client, planId);
    const run = await openRunOfPlan(client, planId);
    if (run !== null) throw planConflict(plan, "A test", run);
    throw new ConflictError("Something else was started at the same moment.", "Look at the plan, and start again.", {
      planId,
      planName: plan.name,
      lifecycle: plan.lifecycle,
    });
  });
}
