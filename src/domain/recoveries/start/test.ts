/** Starting a test. The protected site may be away: a test does without it. */
import type pg from "pg";
import type { SnapshotSite, TestSnapshot } from "../../../engine/run-snapshot.ts";
import { runWarning } from "../../../engine/warnings.ts";
import { nothingKnown, withCapabilities } from "../../ask-site.ts";
import type { DomainError } from "../../errors.ts";
import type { Viewer } from "../../viewer.ts";
import { afterEvent } from "../lifecycle.ts";
import { checkDataWanted } from "../recovery-point.ts";
import { requestRun } from "../request-run.ts";
import type { Alongside, RecoveriesContext, StartedRun } from "../service/context.ts";
import type { LockedPlan } from "../service/open-runs.ts";
import { testRefusal } from "../service/refusals.ts";
import { readPlanRows } from "../snapshot/read.ts";
import type { PlanRows } from "../snapshot/rows.ts";
import { buildTestSnapshot } from "../snapshot.ts";
import type { StartInput } from "../start.ts";
import { type Before, beforeRuns } from "./before.ts";
import { draftPoints, type RunDraft, takeDraft } from "./draft.ts";
import { groupsHaveMoved, movedAtTheSameMoment, type PlanSite, type PlanSites } from "./sites.ts";

/** What was found out before the transaction. */
export interface PreparedTest {
  readonly sites: PlanSites;
  readonly asked: { readonly protectedSite: SnapshotSite; readonly recoverySite: SnapshotSite };
  readonly pastSeconds: Readonly<Record<string, number>>;
}

export async function startTest(
  context: RecoveriesContext,
  viewer: Viewer,
  { idempotencyKey, ...input }: StartInput,
  alongside?: Alongside,
): Promise<StartedRun> {
  checkDataWanted(input);
  const mutation = alongside?.mutation ?? "startRecovery";
  const asked = { mutation, planId: input.planId, input: alongside?.input ?? input, idempotencyKey, alongside: alongside?.write };
  const before = beforeRuns(context);
  before.sites(input.planId).catch(() => {}); // on its way while the plan is looked at
  return requestRun<PreparedTest>(context, viewer, asked, {
    refusal: testRefusal,
    prepare: () => prepareTest(before, input.planId),
    async make(client, plan, prepared, held) {
      const { snapshot, options, rows } = takeDraft(await testDraft(client, plan, input, prepared, held));
      const lifecycle = afterEvent(plan.lifecycle, "testStarted") ?? plan.lifecycle;
      const common = { lifecycle, options, notes: input.notes ?? "", cleansUpId: null, rerunOfId: null };
      return { ...common, snapshot, groups: rows.groups, vmCount: snapshot.vms.length };
    },
  });
}

export async function prepareTest(before: Before, planId: string): Promise<PreparedTest> {
  const sites = await before.sites(planId);
  const { protectedSite, recoverySite } = sites;
  const [ofProtected, ofRecovery, pastSeconds] = await Promise.all([
    isAway(protectedSite) ? nothingKnown : before.capabilities(protectedSite).catch(() => nothingKnown),
    before.capabilities(recoverySite),
    before.pastSeconds({ planId, kind: "TEST", towards: recoverySite.id }),
  ]);
  const asked = { protectedSite: withCapabilities(protectedSite, ofProtected), recoverySite: withCapabilities(recoverySite, ofRecovery) };
  return { sites, asked, pastSeconds };
}

const isAway = ({ state }: PlanSite): boolean => state === "DISCONNECTED";

/** What the run works on; the same for a preview, which writes nothing. `read`: the plan's rows, where they have been read in this transaction. */
export async function testDraft(
  client: pg.ClientBase,
  plan: LockedPlan,
  input: Omit<StartInput, "idempotencyKey">,
  { sites, asked, pastSeconds }: PreparedTest,
  read?: PlanRows,
): Promise<RunDraft<TestSnapshot>> {
  const rows = read ?? (await readPlanRows(client, plan));
  if (groupsHaveMoved(rows.groups, sites)) throw movedAtTheSameMoment();
  const refusals: DomainError[] = [];
  const points = await draftPoints(client, rows.groups, input.recoveryPoint, refusals);
  const { protectedSite } = sites;
  const wantsSync = input.syncData ?? points.size === 0;
  const options: RunDraft<TestSnapshot>["options"] = {
    powerOnVms: input.powerOnVms ?? true,
    runScripts: input.runScripts ?? true,
    syncData: wantsSync && !isAway(protectedSite),
    failurePolicy: input.failurePolicy ?? "CONTINUE",
  };
  const ignored = `${protectedSite.name} is disconnected: the newest complete recovery points are used as they are.`;
  const warnings = wantsSync && isAway(protectedSite) ? [runWarning("SYNC_IGNORED", ignored)] : [];
  const result = buildTestSnapshot({ rows, ...asked, options, points, pastSeconds, warnings });
  return { rows, options, points, result, refusals };
}
