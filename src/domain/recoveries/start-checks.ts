/** What has to hold before a test starts, asked while the plan's and the pair's rows are locked. */
import type pg from "pg";
import type { SiteRow } from "../ask-site.ts";
import { ConflictError, PreconditionFailedError } from "../errors.ts";
import { afterEvent } from "./lifecycle.ts";
import { type LockedPlan, type OpenRun, openRunOfPlan, openRunsOfPair, planConflict, runConflict } from "./service-open-runs.ts";
import type { Fault } from "./snapshot.ts";
import type { GroupRow } from "./snapshot-rows.ts";

export async function checkPlan(client: pg.ClientBase, plan: LockedPlan): Promise<void> {
  const run = await openRunOfPlan(client, plan.id);
  if (run !== null || afterEvent(plan.lifecycle, "testStarted") === null) throw planConflict(plan, "A test", run);
}

/** One test at a time on a pair of sites, and none beside a real recovery. Tests of other plans wait at the pair's row. */
export async function checkPair(client: pg.ClientBase, pairingId: string): Promise<void> {
  await client.query({ name: "pair-lock", text: "SELECT 1 FROM site_pairing WHERE id = $1 FOR UPDATE", values: [pairingId] });
  const [run] = await openRunsOfPair(client, pairingId);
  if (run === undefined) return;
  throw run.kind === "TEST"
    ? runConflict(`A test of the plan ${run.planName} runs on this pair of sites, and one at a time may.`, run, 1)
    : runConflict(`A real recovery of the plan ${run.planName} runs on this pair of sites; no test starts beside it.`, run);
}

/** Groups that a run has: it is open, or its test has not been cleaned up. `but`: runs of this plan don't count, its cleanup takes them over. */
export async function checkGroupsFree(client: pg.ClientBase, planId: string, but: "OWN_RUNS" | null = null): Promise<void> {
  const { rows } = await client.query<OpenRun & { groupName: string; open: boolean }>({
    name: "groups-in-use",
    text: `SELECT g.name AS "groupName", r.id AS "recoveryId", t.id AS "taskId", r.kind, r.plan_id AS "planId", r.plan_name AS "planName",
        r.ended_at IS NULL AS open
      FROM plan_protection_group m JOIN group_use u ON u.group_id = m.group_id JOIN protection_group g ON g.id = m.group_id
        JOIN recovery r ON r.id = u.run_id LEFT JOIN task t ON t.recovery_id = r.id
      WHERE m.plan_id = $1 AND NOT ($2 AND r.plan_id IS NOT DISTINCT FROM $1) ORDER BY g.name LIMIT 1`,
    values: [planId, but === "OWN_RUNS"],
  });
  const [use] = rows;
  if (use === undefined) return;
  const message = `The group ${use.groupName} is in use by a run of the plan ${use.planName}`;
  throw use.open
    ? runConflict(`${message}.`, use)
    : new ConflictError(`${message} that has not been cleaned up.`, `Clean up the plan ${use.planName} first (cleanupTest).`, {
        planName: use.planName,
        ...(use.planId === null ? {} : { planId: use.planId }),
      });
}

export function checkGroupStates(groups: readonly GroupRow[]): void {
  const found = groups.find(({ state }) => state !== "READY");
  if (found === undefined) return;
  if (found.state === "RECOVERED" || found.state === "PARTIALLY_RECOVERED") {
    const message = `The group ${found.name} has been recovered.`;
    throw new PreconditionFailedError("GROUP_RECOVERED_ELSEWHERE", message, "Reprotect the plan that recovered it first.");
  }
  throw new PreconditionFailedError(
    "GROUP_NOT_READY",
    `The group ${found.name} is ${found.state}.`,
    "Wait until the group is READY, or mend its fault.",
  );
}

/** One direction, and still the one whose sites were asked. */
export function checkDirection(groups: readonly GroupRow[], recoverySite: SiteRow): void {
  const [first] = groups;
  const other = groups.find((group) => group.recoverySiteId !== first?.recoverySiteId);
  if (first !== undefined && other !== undefined) {
    const message = `The groups ${first.name} and ${other.name} are protected in opposite directions.`;
    throw new PreconditionFailedError(
      "MIXED_DIRECTION",
      message,
      "Reprotect or fail back, so that all groups of the plan have one direction.",
    );
  }
  if (first !== undefined && first.recoverySiteId !== recoverySite.id) {
    throw new ConflictError("The plan's groups were changed at the same moment.", "Look at the plan, and start again.");
  }
}

export function checkConnected(recoverySite: SiteRow): void {
  if (recoverySite.state !== "DISCONNECTED") return;
  const message = `The recovery site ${recoverySite.name} is disconnected.`;
  throw new PreconditionFailedError("SITE_DISCONNECTED", message, "Restore the connection to the site.");
}

/** All faults of the first one's kind in one message; the others come up when these are mended. */
export function refuse(faults: readonly Fault[]): never {
  const [first] = faults;
  if (first === undefined) throw new Error("There is no fault to refuse for");
  const same = faults.filter(({ code }) => code === first.code);
  const shown = same.slice(0, 5).map(({ message }) => message);
  const more = same.length > shown.length ? ` And ${same.length - shown.length} more.` : "";
  throw new PreconditionFailedError(first.code, `${shown.join(" ")}${more}`, first.remedy);
}
