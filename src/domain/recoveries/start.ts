/** Starting a test: what can be asked of sites first, then one short transaction that checks, snapshots and writes the run. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { capabilitiesOf, nothingKnown, type SiteRow, withCapabilities } from "../ask-site.ts";
import { ConflictError, PreconditionFailedError } from "../errors.ts";
import { claim, firstAnswer, type KeyedRequest } from "../idempotency.ts";
import { lockPair } from "../locks.ts";
import { brokenConstraint, inTransaction } from "../transaction.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { afterEvent } from "./lifecycle.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "./service-context.ts";
import { roleFor } from "./service-control-refusals.ts";
import { planFacts } from "./service-facts.ts";
import { faultsRefusal } from "./service-faults.ts";
import { lockPlan } from "./service-open-runs.ts";
import { laterRefusal, testRefusal } from "./service-refusals.ts";
import { insertRecovery } from "./service-run.ts";
import { buildTestSnapshot } from "./snapshot.ts";
import { readPastSeconds, readPlanRows } from "./snapshot-read.ts";
import type { PlanRows } from "./snapshot-rows.ts";
import { sitesOfPlan } from "./start-sites.ts";

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
    await lockPair(client, plan.pairingId);
    await check(client, plan.id);
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
  context.announce();
  return run;
}

function refuseWhatComesLater({ recoveryType, failurePolicy }: StartInput): void {
  if (recoveryType !== "TEST") throw laterRefusal(recoveryType);
  if (failurePolicy === "PAUSE") {
    const message = "This release can't pause a run at a failure yet.";
    throw new PreconditionFailedError("NOT_YET_SUPPORTED", message, "Leave failurePolicy out, or send CONTINUE.");
  }
}

/** Asked before the sites are, so that nobody waits for a site to hear what is known, and again while the plan's and the pair's rows are held. */
async function check(database: Pick<pg.ClientBase, "query">, planId: string): Promise<void> {
  const refusal = testRefusal(await planFacts(database, planId));
  if (refusal !== null) throw refusal;
}

/** The protected site may be away: a test does without it. */
async function prepare({ database, providers }: RecoveriesContext, planId: string): Promise<Prepared> {
  await check(database.pool, planId);
  const { protectedSite, recoverySite } = await sitesOfPlan(database.pool, planId);
  const protectedSiteIsAway = protectedSite.state === "DISCONNECTED";
  const [ofProtected, ofRecovery, pastSeconds] = await Promise.all([
    protectedSiteIsAway ? nothingKnown : capabilitiesOf(providers, protectedSite).catch(() => nothingKnown),
    capabilitiesOf(providers, recoverySite),
    readPastSeconds(database.pool, planId, "TEST"),
  ]);
  const sites = { protectedSite: withCapabilities(protectedSite, ofProtected), recoverySite: withCapabilities(recoverySite, ofRecovery) };
  return { recoverySite, sites, protectedSiteIsAway, pastSeconds };
}

function snapshotOf(rows: PlanRows, input: StartInput, { recoverySite, sites, protectedSiteIsAway, pastSeconds }: Prepared) {
  if (rows.groups.some(({ recoverySiteId }) => recoverySiteId !== recoverySite.id)) {
    throw new ConflictError("The plan's groups were changed at the same moment.", "Look at the plan, and start again.");
  }
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
  if ("faults" in result) throw faultsRefusal(result.faults);
  return { snapshot: result.snapshot, options };
}

/** What a constraint stopped is the same conflict as what a check finds. */
async function explain({ database }: RecoveriesContext, planId: string, error: unknown): Promise<never> {
  if (brokenConstraint(error) === null) throw error;
  const plan = await planFacts(database.pool, planId);
  const { name: planName, lifecycle } = plan;
  const message = "Something else was started at the same moment.";
  throw testRefusal(plan) ?? new ConflictError(message, "Look at the plan, and start again.", { planId, planName, lifecycle });
}
