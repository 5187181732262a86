/** Starting a planned or a disaster recovery. The protected site is asked, but a disaster recovery does not wait for its answer. */
import type pg from "pg";
import type { RecoveryOptions, RecoverySnapshot, RunWarning, SiteCondition, SnapshotSite } from "../../../engine/run-snapshot.ts";
import { runWarning } from "../../../engine/warnings.ts";
import { nothingKnown, withCapabilities } from "../../ask-site.ts";
import { type DomainError, PreconditionFailedError } from "../../errors.ts";
import { lockPairAndGroups } from "../../locks.ts";
import type { Viewer } from "../../viewer.ts";
import { lastRecovery } from "../last-recovery.ts";
import { afterEvent } from "../lifecycle.ts";
import { checkDataWanted } from "../recovery-point.ts";
import { requestRun } from "../request-run.ts";
import type { RecoveriesContext, StartedRun } from "../service/context.ts";
import type { PlanFacts } from "../service/facts.ts";
import type { LockedPlan } from "../service/open-runs.ts";
import { disasterRefusal, plannedRefusal } from "../service/recovery-refusals.ts";
import { readPlanRows } from "../snapshot/read.ts";
import { buildRecoverySnapshot } from "../snapshot/recovery.ts";
import type { PlanRows } from "../snapshot/rows.ts";
import type { StartInput } from "../start.ts";
import { stopForDisaster } from "../stop-for-disaster.ts";
import { type Before, beforeRuns } from "./before.ts";
import { draftPoints, type RunDraft, takeDraft } from "./draft.ts";
import { keptOriginals, keptWarnings, withoutKept } from "./kept-originals.ts";
import { groupsHaveMoved, movedAtTheSameMoment, type PlanSites } from "./sites.ts";
import { dataLossRefusal, endReprotect, leftOutWarnings, rowsOfRun } from "./way-back.ts";

export type RecoveryInput = Omit<StartInput, "recoveryType"> & {
  readonly recoveryType: "PLANNED" | "DISASTER";
  /** Planned: false only where all protected VMs are off. */
  readonly shutdownSourceVms?: boolean | null | undefined;
};

/** What was found out before the transaction. */
export interface PreparedRecovery {
  readonly sites: PlanSites;
  readonly asked: { readonly protectedSite: SnapshotSite; readonly recoverySite: SnapshotSite };
  /** The protected site has answered just now. */
  readonly protectedSiteAnswers: boolean;
  readonly pastSeconds: Readonly<Record<string, number>>;
  /** The run that it goes on with, where the plan's lifecycle does not tell it. */
  readonly goesOnWith?: string;
}

export async function startRecovery(
  context: RecoveriesContext,
  viewer: Viewer,
  mutation: "startRecovery" | "startPlannedFailover",
  { idempotencyKey, ...input }: RecoveryInput,
): Promise<StartedRun> {
  checkDataWanted(input);
  const { recoveryType, planId } = input;
  const refusal = recoveryType === "PLANNED" ? plannedRefusal : (plan: PlanFacts) => disasterRefusal(plan) ?? dataLossRefusal(plan, input);
  return requestRun<PreparedRecovery>(
    context,
    viewer,
    { mutation, planId, input, idempotencyKey },
    {
      refusal,
      async prepare() {
        if (recoveryType === "DISASTER")
          await endReprotect(context, viewer, planId, (sites) => checkSites(beforeRuns(context), input, sites));
        return prepareRecovery(beforeRuns(context), input);
      },
      async lock(client, plan) {
        await lockPairAndGroups(client, plan.id);
        return recoveryType === "DISASTER" ? stopForDisaster(client, plan, viewer) : undefined;
      },
      async make(client, plan, prepared) {
        const { snapshot, options, rows } = takeDraft(
          await recoveryDraft(client, plan, viewer, { ...input, isFailover: mutation === "startPlannedFailover" }, prepared),
        );
        const lifecycle = afterEvent(plan.lifecycle, recoveryType === "PLANNED" ? "recoveryStarted" : "disasterStarted") ?? plan.lifecycle;
        const common = { lifecycle, options, notes: input.notes ?? "", cleansUpId: null, rerunOfId: snapshot.rerunOf };
        const taskType = mutation === "startPlannedFailover" ? ({ taskType: "PLANNED_FAILOVER" } as const) : {};
        return { ...common, ...taskType, snapshot, groups: rows.groups, vmCount: snapshot.vms.length };
      },
    },
  );
}

export const prepareRecovery = async (before: Before, input: RecoveryInput): Promise<PreparedRecovery> =>
  askSites(before, input, await before.sites(input.planId));

async function checkSites(before: Before, input: RecoveryInput, sites: PlanSites): Promise<void> {
  const refusal = siteConditionRefusal(input, sites, conditionOf(await askSites(before, input, sites)));
  if (refusal !== null) throw refusal;
}

async function askSites(before: Before, input: RecoveryInput, sites: PlanSites): Promise<PreparedRecovery> {
  const { protectedSite, recoverySite } = sites;
  const disconnected = protectedSite.state === "DISCONNECTED";
  const [ofProtected, ofRecovery, pastSeconds] = await Promise.all([
    disconnected ? null : before.capabilities(protectedSite).catch(() => null),
    before.capabilities(recoverySite),
    before.pastSeconds({ planId: input.planId, kind: input.recoveryType, towards: recoverySite.id }),
  ]);
  const asked = {
    protectedSite: withCapabilities(protectedSite, ofProtected ?? nothingKnown),
    recoverySite: withCapabilities(recoverySite, ofRecovery),
  };
  return { sites, asked, protectedSiteAnswers: ofProtected !== null, pastSeconds };
}

/** `isFailover`: asked for by startPlannedFailover, which is meant for the way back. */
type DraftInput = Omit<RecoveryInput, "idempotencyKey"> & { readonly isFailover?: boolean };

/** What the run works on; the same for a preview, which writes nothing. `read`: the plan's rows, where they have been read in this transaction. */
export async function recoveryDraft(
  client: pg.ClientBase,
  plan: LockedPlan,
  viewer: Pick<Viewer, "name">,
  input: DraftInput,
  prepared: PreparedRecovery,
  read?: PlanRows,
): Promise<RunDraft<RecoverySnapshot>> {
  const { sites, asked, pastSeconds } = prepared;
  const all = read ?? (await readPlanRows(client, plan));
  const rerunOf = prepared.goesOnWith ?? (plan.lifecycle === "RECOVERY_INCOMPLETE" ? await lastRecovery(client, plan.id) : null);
  const kept = await keptOriginals(client, rerunOf);
  const own = rowsOfRun(all, plan.lifecycle, sites);
  const rows = withoutKept(own, kept);
  if (groupsHaveMoved(rows.groups, sites)) throw movedAtTheSameMoment();
  const refusals: DomainError[] = [];
  const points = await draftPoints(client, rows.groups, input.recoveryPoint, refusals);
  const condition = conditionOf(prepared);
  const inTheWay = [
    dataLossRefusal(plan, input),
    siteConditionRefusal(input, sites, condition),
    await runningVmsRefusal(client, plan, input),
  ];
  refusals.push(...inTheWay.filter((refusal) => refusal !== null));
  const options = optionsOf(input, viewer, condition, points.size === 0);
  const result = buildRecoverySnapshot({
    kind: input.recoveryType,
    rows,
    ...asked,
    options,
    points,
    pastSeconds,
    warnings: [...leftOutWarnings(all, own, sites), ...keptWarnings(own, kept), ...warningsOf(plan, rows, input, sites, options)],
    protectedSiteCondition: condition,
    lastHeartbeatAt: sites.protectedSite.heartbeatAt,
    rerunOf,
  });
  return { rows, options, points, result, refusals };
}

/** A site that does not answer now is not yet known to be lost. */
function conditionOf({ sites: { protectedSite }, protectedSiteAnswers }: PreparedRecovery): SiteCondition {
  if (protectedSite.state === "DISCONNECTED") return "DISCONNECTED";
  return protectedSite.suspectSince !== null || !protectedSiteAnswers ? "SUSPECT" : "CONNECTED";
}

function siteConditionRefusal(
  input: Pick<RecoveryInput, "recoveryType" | "acceptUnfenced">,
  { protectedSite: { name } }: PlanSites,
  condition: SiteCondition,
): DomainError | null {
  if (condition === "CONNECTED") return null;
  if (input.recoveryType === "PLANNED" && condition === "DISCONNECTED") {
    const message = `The protected site ${name} is disconnected, and a planned recovery shuts its VMs down.`;
    return new PreconditionFailedError("SITE_DISCONNECTED", message, "Restore the connection, or start a DISASTER recovery.");
  }
  if (input.recoveryType === "DISASTER" && input.acceptUnfenced !== true) {
    const message = `The protected site ${name} can't be reached, so its VMs can't be kept from running beside the recovered ones.`;
    const remedy = "Make sure that they are off, and send acceptUnfenced: true; it is recorded who did.";
    return new PreconditionFailedError("UNFENCED", message, remedy);
  }
  return null;
}

/** Without a shutdown nothing may be running that would go on writing. */
async function runningVmsRefusal(
  client: Pick<pg.ClientBase, "query">,
  plan: LockedPlan,
  input: Pick<RecoveryInput, "shutdownSourceVms" | "recoveryType">,
): Promise<DomainError | null> {
  if (input.recoveryType !== "PLANNED" || input.shutdownSourceVms !== false) return null;
  const { rows } = await client.query<{ name: string }>({
    name: "plan-vms-that-run",
    text: `SELECT v.name FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id JOIN virtual_machine v ON v.id = m.vm_id
      WHERE g.plan_id = $1 AND v.power_state <> 'POWERED_OFF' ORDER BY v.name LIMIT 6`,
    values: [plan.id],
  });
  if (rows.length === 0) return null;
  const names = rows.slice(0, 5).map(({ name }) => name);
  const message = `${names.join(", ")}${rows.length > 5 ? " and more" : ""} are not off, and shutdownSourceVms false leaves them running.`;
  return new PreconditionFailedError("SOURCE_VMS_RUNNING", message, "Let the recovery shut them down, or power them off first.");
}

function optionsOf(
  input: Omit<RecoveryInput, "idempotencyKey">,
  viewer: Pick<Viewer, "name">,
  condition: SiteCondition,
  latest: boolean,
): RecoveryOptions {
  const planned = input.recoveryType === "PLANNED";
  return {
    powerOnVms: input.powerOnVms ?? true,
    runScripts: input.runScripts ?? true,
    syncData: (input.syncData ?? latest) && condition !== "DISCONNECTED",
    shutdownSourceVms: input.shutdownSourceVms ?? true,
    failurePolicy: input.failurePolicy ?? (planned ? "PAUSE" : "CONTINUE"),
    unfencedAcceptedBy: !planned && condition !== "CONNECTED" ? viewer.name : null,
    protectedSiteBudgetSeconds: 120,
  };
}

function warningsOf(plan: LockedPlan, rows: PlanRows, input: DraftInput, sites: PlanSites, options: RecoveryOptions): RunWarning[] {
  const warnings: RunWarning[] = [];
  const { name } = sites.protectedSite;
  if ((input.syncData ?? false) && !options.syncData)
    warnings.push(runWarning("SYNC_IGNORED", `${name} is disconnected: the newest complete recovery points are used as they are.`));
  if (options.unfencedAcceptedBy !== null)
    warnings.push(runWarning("UNFENCED", `${options.unfencedAcceptedBy} has accepted that the VMs of ${name} are perhaps still running.`));
  if (input.isFailover === true && !rows.groups.some(({ turned }) => turned))
    warnings.push(
      runWarning(
        "NEVER_REVERSED",
        `The plan ${plan.name} has not been turned round by a reprotect; this recovers it in its first direction.`,
      ),
    );
  return warnings;
}
