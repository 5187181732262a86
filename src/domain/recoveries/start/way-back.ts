/** A disaster recovery of a plan that has been recovered: it takes the groups that have been turned round since, and ends a reprotect first. */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { PlanLifecycle } from "../../../database/generated/enums.ts";
import { inTransaction } from "../../../database/transaction.ts";
import type { RunWarning } from "../../../engine/run-snapshot.ts";
import { runWarning } from "../../../engine/warnings.ts";
import { type DomainError, PreconditionFailedError } from "../../errors.ts";
import type { Viewer } from "../../viewer.ts";
import { cancelRun } from "../service/cancel.ts";
import type { RecoveriesContext } from "../service/context.ts";
import { goesBackFrom, hasRecovered } from "../service/way-back.ts";
import type { GroupRow, PlanRows } from "../snapshot/rows.ts";
import { type PlanSites, sitesOfPlan } from "./sites.ts";

/** How long a start waits for the reprotect to end: longer than most calls to a site take. */
const patienceMs = 30_000;
const lookMs = 200;

/**
 * Cancels a reprotect of the plan that is under way, and waits for its end; what is still open then, the start finds. `check` is asked first,
 * with the sites as they will be: a start that is refused must leave the reprotect alone.
 */
export async function endReprotect(
  { database, hint }: RecoveriesContext,
  viewer: Viewer,
  planId: string,
  check: (sites: PlanSites) => Promise<void>,
): Promise<void> {
  const openReprotect = async () => {
    const text = "SELECT id FROM recovery WHERE plan_id = $1 AND ended_at IS NULL AND kind = 'REPROTECT'";
    return (await database.pool.query<{ id: string }>({ name: "plan-open-reprotect", text, values: [planId] })).rows[0]?.id;
  };
  const recoveryId = await openReprotect();
  if (recoveryId === undefined) return;
  const { protectedSite, recoverySite } = await sitesOfPlan(database.pool, planId, "REPROTECT");
  await check({ protectedSite: recoverySite, recoverySite: protectedSite });
  await inTransaction(database.pool, (client) => cancelRun(client, viewer, { recoveryId, reason: "DISASTER_STARTED" })).catch(
    async (error: unknown) => {
      // It may have ended by itself meanwhile, which is all that is wanted.
      if ((await openReprotect()) !== undefined) throw error;
    },
  );
  hint(recoveryId);
  const until = performance.now() + patienceMs;
  while (performance.now() < until && (await openReprotect()) !== undefined) await delay(lookMs);
}

/** Groups of two directions are one plan's after a reprotect that has turned some of them round: a run is about those of one. */
export function rowsOfRun(rows: PlanRows, lifecycle: PlanLifecycle, { protectedSite, recoverySite }: PlanSites): PlanRows {
  const goesBack = goesBackFrom(protectedSite.id);
  if (hasRecovered({ lifecycle })) return withGroups(rows, goesBack);
  return lifecycle === "RECOVERY_INCOMPLETE" ? withGroups(rows, ({ recoverySiteId }) => recoverySiteId === recoverySite.id) : rows;
}

function withGroups(rows: PlanRows, isTaken: (group: GroupRow) => boolean): PlanRows {
  const groups = rows.groups.filter(isTaken);
  const taken = new Set(groups.map(({ id }) => id));
  return { ...rows, groups, vms: rows.vms.filter(({ groupId }) => taken.has(groupId)) };
}

/** What ran at the lost site since the last copy is gone. */
export function dataLossRefusal(
  { name, lifecycle }: { readonly name: string; readonly lifecycle: PlanLifecycle },
  { acceptDataLoss }: { readonly acceptDataLoss?: boolean | null | undefined },
): DomainError | null {
  if (!hasRecovered({ lifecycle }) || acceptDataLoss === true) return null;
  const message = `The plan ${name} has been recovered: going back loses what its VMs have written since their last recovery points.`;
  return new PreconditionFailedError("DATA_LOSS", message, "Look at the recovery points, and send acceptDataLoss: true.");
}

export const leftOutWarnings = (all: PlanRows, taken: PlanRows, { protectedSite }: PlanSites): RunWarning[] =>
  all.groups
    .filter(({ id }) => !taken.groups.some((group) => group.id === id))
    .map(({ name }) => runWarning("GROUP_LEFT_OUT", `${name} has no data at the other site; it stays at ${protectedSite.name}.`));

/** Whether some of the plan's groups go the other way, and wait for a reprotect of their own. */
export async function othersWait(client: Pick<pg.ClientBase, "query">, planId: string, recoverySiteId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: "recovered-the-other-way",
    text: `SELECT 1 FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id JOIN recovered_vm c ON c.group_id = g.id
      WHERE m.plan_id = $1 AND g.recovery_site_id <> $2 LIMIT 1`,
    values: [planId, recoverySiteId],
  });
  return rowCount === 1;
}
