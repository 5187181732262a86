/** Starting a test. The protected site may be away: a test does without it. */
import type { SnapshotSite } from "../../engine/run-snapshot.ts";
import { runWarning } from "../../engine/warnings.ts";
import { capabilitiesOf, nothingKnown, withCapabilities } from "../ask-site.ts";
import { lockPair } from "../locks.ts";
import type { Viewer } from "../viewer.ts";
import { afterEvent } from "./lifecycle.ts";
import { checkPointChoice, pointsFor } from "./recovery-point.ts";
import { requestRun } from "./request-run.ts";
import type { RecoveriesContext, StartedRun } from "./service-context.ts";
import { faultsRefusal } from "./service-faults.ts";
import { testRefusal } from "./service-refusals.ts";
import { buildTestSnapshot } from "./snapshot.ts";
import { readPastSeconds, readPlanRows } from "./snapshot-read.ts";
import type { PlanRows } from "./snapshot-rows.ts";
import type { StartInput } from "./start.ts";
import { groupsHaveMoved, isFailback, movedAtTheSameMoment, type PlanSite, type PlanSites, sitesOfPlan } from "./start-sites.ts";

/** What was found out before the transaction. */
interface Prepared {
  readonly sites: PlanSites;
  readonly asked: { readonly protectedSite: SnapshotSite; readonly recoverySite: SnapshotSite };
  readonly pastSeconds: Readonly<Record<string, number>>;
}

export async function startTest(context: RecoveriesContext, viewer: Viewer, { idempotencyKey, ...input }: StartInput): Promise<StartedRun> {
  checkPointChoice(input);
  const asked = { mutation: "startRecovery", planId: input.planId, input, idempotencyKey };
  return requestRun<Prepared>(context, viewer, asked, {
    refusal: testRefusal,
    prepare: () => prepare(context, input.planId),
    lock: (client, plan) => lockPair(client, plan.pairingId),
    async make(client, plan, prepared) {
      const rows = await readPlanRows(client, plan);
      const points = await pointsFor(client, rows.groups, input.recoveryPoint);
      const { snapshot, options } = snapshotOf(rows, input, points, prepared);
      const lifecycle = afterEvent(plan.lifecycle, "testStarted") ?? plan.lifecycle;
      const common = { lifecycle, options, notes: input.notes ?? "", cleansUpId: null, rerunOfId: null };
      return { ...common, snapshot, groups: rows.groups, vmCount: snapshot.vms.length };
    },
  });
}

async function prepare({ database, providers }: RecoveriesContext, planId: string): Promise<Prepared> {
  const sites = await sitesOfPlan(database.pool, planId);
  const { protectedSite, recoverySite } = sites;
  const [ofProtected, ofRecovery, pastSeconds] = await Promise.all([
    isAway(protectedSite) ? nothingKnown : capabilitiesOf(providers, protectedSite).catch(() => nothingKnown),
    capabilitiesOf(providers, recoverySite),
    readPastSeconds(database.pool, planId, "TEST"),
  ]);
  const asked = { protectedSite: withCapabilities(protectedSite, ofProtected), recoverySite: withCapabilities(recoverySite, ofRecovery) };
  return { sites, asked, pastSeconds };
}

const isAway = ({ state }: PlanSite): boolean => state === "DISCONNECTED";

function snapshotOf(
  rows: PlanRows,
  input: Omit<StartInput, "idempotencyKey">,
  points: ReadonlyMap<string, string>,
  { sites, asked, pastSeconds }: Prepared,
) {
  if (groupsHaveMoved(rows.groups, sites)) throw movedAtTheSameMoment();
  const { protectedSite } = sites;
  const wantsSync = input.syncData ?? points.size === 0;
  const options = {
    powerOnVms: input.powerOnVms ?? true,
    runScripts: input.runScripts ?? true,
    syncData: wantsSync && !isAway(protectedSite),
    failurePolicy: input.failurePolicy ?? "CONTINUE",
  };
  const ignored = `${protectedSite.name} is disconnected: the newest complete recovery points are used as they are.`;
  const warnings = wantsSync && isAway(protectedSite) ? [runWarning("SYNC_IGNORED", ignored)] : [];
  const result = buildTestSnapshot({ rows, ...asked, options, points, isFailback: isFailback(sites), pastSeconds, warnings });
  if ("faults" in result) throw faultsRefusal(result.faults);
  return { snapshot: result.snapshot, options };
}
