/** Starting a reprotect: what was recovered is protected in the other direction. (Reference: Reprotect.) */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { ReprotectedGroup, ReprotectedVm, ReprotectSnapshot, SnapshotSite } from "../../../engine/run-snapshot.ts";
import { capabilitiesOf, nothingKnown, withCapabilities } from "../../ask-site.ts";
import { PreconditionFailedError } from "../../errors.ts";
import { lockPairAndGroups } from "../../locks.ts";
import { requireRole, type Viewer } from "../../viewer.ts";
import { afterEvent } from "../lifecycle.ts";
import { requestRun } from "../request-run.ts";
import { checkTexts, type RecoveriesContext, type StartedRun } from "../service/context.ts";
import { nothingRecovered, reprotectRefusal } from "../service/recovery-refusals.ts";
import { readPastSecondsOf } from "../snapshot/past.ts";
import { type PlanSites, sitesOfPlan } from "./sites.ts";
import { othersWait } from "./way-back.ts";

export interface ReprotectInput {
  readonly planId: string;
  readonly syncData?: boolean | null | undefined;
  readonly reverseReplication?: boolean | null | undefined;
  readonly force?: boolean | null | undefined;
  readonly notes?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

interface Prepared {
  /** As the groups still have them: the protected one is where the VMs come from. */
  readonly sites: PlanSites;
  readonly asked: { readonly now: SnapshotSite; readonly former: SnapshotSite };
  readonly pastSeconds: Readonly<Record<string, number>>;
}

export async function startReprotect(
  context: RecoveriesContext,
  viewer: Viewer,
  { idempotencyKey, ...input }: ReprotectInput,
): Promise<StartedRun> {
  checkTexts({ notes: input.notes, idempotencyKey });
  requireRole(viewer, "RECOVERY_ADMIN");
  const options = { syncData: input.syncData ?? true, reverseReplication: input.reverseReplication ?? true, force: input.force ?? false };
  const { planId } = input;
  return requestRun<Prepared>(
    context,
    viewer,
    { mutation: "startReprotect", planId, input, idempotencyKey },
    {
      refusal: reprotectRefusal,
      prepare: () => prepare(context, planId, options.reverseReplication),
      lock: async (client, plan) => void (await lockPairAndGroups(client, plan.id)),
      async make(client, plan, { sites, asked, pastSeconds }) {
        const tries = await earlierTries(client, planId, sites);
        const rerunOf = tries[0]?.runId ?? null;
        const groups = await recoveredGroups(client, planId, sites, tries);
        if (groups.length === 0) throw nothingRecovered(plan);
        const snapshot: ReprotectSnapshot = {
          version: 1,
          kind: "REPROTECT",
          plan: { id: plan.id, name: plan.name },
          protectedSite: asked.now,
          recoverySite: asked.former,
          options,
          groups,
          othersWait: await othersWait(client, planId, sites.recoverySite.id),
          rerunOf,
          pastSeconds,
          warnings: [],
        };
        const lifecycle = afterEvent(plan.lifecycle, "reprotectStarted") ?? plan.lifecycle;
        const vmCount = groups.reduce((sum, { vms }) => sum + vms.length, 0);
        return { lifecycle, options, notes: input.notes ?? "", cleansUpId: null, rerunOfId: rerunOf, snapshot, groups, vmCount };
      },
    },
  );
}

async function prepare({ database, providers }: RecoveriesContext, planId: string, reverses: boolean): Promise<Prepared> {
  const sites = await sitesOfPlan(database.pool, planId, "REPROTECT");
  const { protectedSite: former, recoverySite: now } = sites;
  if (reverses && former.state === "DISCONNECTED") {
    const message = `The site ${former.name} is disconnected, and the VMs shall be replicated to it.`;
    const remedy = "Restore the connection; if the site is gone for good, send reverseReplication: false.";
    throw new PreconditionFailedError("SITE_DISCONNECTED", message, remedy);
  }
  const [ofNow, ofFormer, pastSeconds] = await Promise.all([
    capabilitiesOf(providers, now),
    reverses ? capabilitiesOf(providers, former) : nothingKnown,
    readPastSecondsOf(database.pool, { planId, kind: "REPROTECT", towards: null }),
  ]);
  return { sites, asked: { now: withCapabilities(now, ofNow), former: withCapabilities(former, ofFormer) }, pastSeconds };
}

interface RecoveredRow extends ReprotectedVm {
  readonly groupId: string;
  readonly groupName: string;
  readonly formerGroupId: string;
}

/**
 * Groups that have not been turned round, with their recovered VMs: those that failed are not part of it. A replicated set that an earlier try has
 * made is gone on with.
 */
async function recoveredGroups(
  client: Pick<pg.ClientBase, "query">,
  planId: string,
  { recoverySite }: PlanSites,
  tries: readonly Try[],
): Promise<ReprotectedGroup[]> {
  const { rows } = await client.query<RecoveredRow>({
    name: "reprotect-groups",
    text: `SELECT g.id AS "groupId", g.name AS "groupName", g.external_id AS "formerGroupId", v.id, v.name, c.recovered_external_id AS "externalId",
        c.original_external_id AS "formerExternalId", v.name || '-placeholder' AS "placeholderName"
      FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN recovered_vm c ON c.group_id = g.id
        JOIN virtual_machine v ON v.id = c.vm_id
      WHERE m.plan_id = $1 AND g.recovery_site_id = $2 ORDER BY g.name, g.id, v.name, v.id`,
    values: [planId, recoverySite.id],
  });
  const storage = await storageBack(client, planId);
  const earlier = new Map(tries.map(({ groupId, externalId }) => [groupId, externalId]));
  return [...Map.groupBy(rows, ({ groupId }) => groupId)].map(([id, vms]) => ({
    id,
    name: vms[0]?.groupName ?? "",
    externalId: earlier.get(id) ?? newId(),
    formerExternalId: vms[0]?.formerGroupId ?? "",
    storageGroups: storage.get(id) ?? [],
    vms: vms.map(({ groupId: _, groupName: __, formerGroupId: ___, ...vm }) => vm),
  }));
}

/** The other way round: what was the target is the source, and goes to the first of its former sources. */
async function storageBack(
  client: Pick<pg.ClientBase, "query">,
  planId: string,
): Promise<ReadonlyMap<string, ReprotectedGroup["storageGroups"]>> {
  const { rows } = await client.query<{ groupId: string; here: string; there: readonly string[]; forward: boolean }>({
    name: "reprotect-storage",
    text: `SELECT s.group_id AS "groupId", t.name AS here, t.site_id = g.recovery_site_id AS forward,
        ARRAY(SELECT d.name FROM storage_group_source x JOIN datastore d ON d.id = x.datastore_id WHERE x.storage_group_id = s.id ORDER BY d.name) AS there
      FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN storage_group s ON s.group_id = g.id
        JOIN datastore t ON t.id = s.target_datastore_id WHERE m.plan_id = $1 ORDER BY s.id`,
    values: [planId],
  });
  const groups = Map.groupBy(rows, ({ groupId }) => groupId);
  return new Map(
    [...groups].map(([id, storage]) => [
      id,
      storage.flatMap(({ here, there: [first = "", ...more], forward }) =>
        forward ? [{ sources: [here], target: first }] : [{ sources: [first, ...more], target: here }],
      ),
    ]),
  );
}

/** A reprotect of a group that has not turned it round. */
interface Try {
  readonly runId: string;
  readonly groupId: string;
  /** The replicated set that it was to make, and may have. */
  readonly externalId: string;
}

/** Of each group that goes to the site, the newest since it was recovered; the newest of all first. Others of the plan's may have been reprotected since. */
async function earlierTries(client: Pick<pg.ClientBase, "query">, planId: string, { recoverySite }: PlanSites): Promise<readonly Try[]> {
  const { rows } = await client.query<Try>({
    name: "reprotect-tries",
    text: `WITH recovered AS (
        SELECT c.group_id, max(o.requested_at) AS since FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id
          JOIN recovered_vm c ON c.group_id = g.id JOIN recovery o ON o.id = c.run_id
        WHERE m.plan_id = $1 AND g.recovery_site_id = $2 GROUP BY c.group_id),
      newest AS (
        SELECT DISTINCT ON (d.group_id) d.group_id, r.id, r.requested_at
        FROM recovered d JOIN recovery_group x ON x.group_id = d.group_id JOIN recovery r ON r.id = x.run_id
        WHERE r.plan_id = $1 AND r.kind = 'REPROTECT' AND r.requested_at > d.since ORDER BY d.group_id, r.requested_at DESC, r.id DESC)
      SELECT n.id AS "runId", n.group_id AS "groupId", g ->> 'externalId' AS "externalId"
      FROM newest n JOIN recovery_snapshot s ON s.run_id = n.id CROSS JOIN LATERAL json_array_elements(s.content -> 'groups') g
      WHERE g ->> 'id' = n.group_id::text ORDER BY n.requested_at DESC, n.id DESC`,
    values: [planId, recoverySite.id],
  });
  return rows;
}
