/** Protection groups on their way into a plan: whether they may, and with which priority group. */
import { v7 as newId } from "uuid";
import { checkInt, checkName, type FieldErrors, type Path } from "../field-errors.ts";
import { checkQuota, type Quotas } from "../quotas.ts";
import { type OpenRun, runConflict } from "../recoveries/service/open-runs.ts";
import type { PriorityGroupRow, Queryable } from "./rows.ts";
import { checkPlans } from "./service-graph.ts";

/** A protection group and the priority group that it shall be in. */
export interface Placement {
  readonly protectionGroupId: string;
  readonly recoveryPriorityGroup: { readonly priority: number; readonly name?: string | null | undefined };
}

/** A placement with its place in the input. */
export interface PlacedAt extends Placement {
  readonly path: Path;
}

export const priorityRange = [1, 100] as const;

/** The name of each priority: that which the plan has, else the first that the request gives. */
function namesOf(placements: readonly Placement[], there: readonly PriorityGroupRow[]): ReadonlyMap<number, string> {
  const names = new Map(there.map(({ priority, name }) => [priority, name]));
  for (const { recoveryPriorityGroup } of placements) {
    const { priority, name } = recoveryPriorityGroup;
    if (typeof name === "string" && !names.has(priority)) names.set(priority, name.trim());
  }
  return names;
}

/** By themselves and among each other; `there`: what the plan has. One priority has one name, which only a new one needs. */
export function checkPlacements(errors: FieldErrors, placements: readonly PlacedAt[], there: readonly PriorityGroupRow[]): void {
  const names = namesOf(placements, there);
  const seen = new Set<string>();
  for (const { path, protectionGroupId, recoveryPriorityGroup } of placements) {
    if (seen.has(protectionGroupId)) errors.add([...path, "protectionGroupId"], "The request has this protection group above.");
    seen.add(protectionGroupId);
    const { priority, name = null } = recoveryPriorityGroup;
    const at = [...path, "recoveryPriorityGroup"];
    checkInt(errors, [...at, "priority"], priority, ...priorityRange);
    const known = names.get(priority);
    if (known === undefined) errors.add([...at, "name"], `The priority group ${priority} is new and needs a name.`);
    if (name === null) continue;
    const trimmed = checkName(errors, [...at, "name"], name);
    if (known !== undefined && trimmed.toLowerCase() !== known.toLowerCase())
      errors.add([...at, "name"], `The priority group ${priority} is called ${known}; a priority has one name.`);
  }
}

export interface PlacedGroup {
  readonly id: string;
  readonly name: string;
  /** Of the two sites that it is protected between; null: they are no pair. */
  readonly pairingId: string | null;
  /** A run that makes or deletes it. */
  readonly run: OpenRun | null;
}

const groupsText = `SELECT g.id, g.name, p.id AS "pairingId",
    (SELECT row_to_json(x) FROM (SELECT r.id AS "recoveryId", t.id AS "taskId", r.kind, r.plan_id AS "planId", r.plan_name AS "planName"
      FROM group_use u JOIN recovery r ON r.id = u.run_id AND r.kind IN ('GROUP_CREATE', 'GROUP_DELETE') LEFT JOIN task t ON t.recovery_id = r.id
      WHERE u.group_id = g.id) x) AS run
  FROM protection_group g LEFT JOIN site_pairing p
    ON least(p.local_site_id, p.remote_site_id) = least(g.protected_site_id, g.recovery_site_id)
    AND greatest(p.local_site_id, p.remote_site_id) = greatest(g.protected_site_id, g.recovery_site_id)
  WHERE g.id = ANY ($1::uuid[])`;

export async function findGroups(client: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, PlacedGroup>> {
  const { rows } = await client.query<PlacedGroup>({ name: "plan-groups", text: groupsText, values: [ids] });
  return new Map(rows.map((group) => [group.id, group]));
}

/** The same, held so that none of them is deleted meanwhile; what a run does with them goes on. */
export async function holdGroups(client: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, PlacedGroup>> {
  const text = "SELECT 1 FROM protection_group WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE";
  await client.query({ name: "plan-groups-hold", text, values: [ids] });
  return findGroups(client, ids);
}

/** They are there, and on the plan's pair. A group that is being made or deleted is a CONFLICT: it may be gone in a moment. */
export function checkGroups(
  errors: FieldErrors,
  placements: readonly PlacedAt[],
  groups: ReadonlyMap<string, PlacedGroup>,
  pairingId: string | null,
): void {
  for (const { path, protectionGroupId } of placements) {
    const group = groups.get(protectionGroupId);
    const at = [...path, "protectionGroupId"];
    if (group === undefined) errors.add(at, "There is no protection group with this id.");
    else if (pairingId !== null && group.pairingId !== pairingId)
      errors.add(at, `The protection group ${group.name} is not protected between the plan's pair of sites.`);
  }
  for (const { name, run } of groups.values()) {
    if (run === null) continue;
    const what = run.kind === "GROUP_CREATE" ? "made" : "deleted";
    throw runConflict(`The protection group ${name} can't be added to a plan while it is being ${what}.`, run);
  }
}

export function checkGroupQuota({ groupsPerPlan }: Quotas, planName: string, current: number, wanted: number): void {
  checkQuota(`protection groups in the plan ${planName}`, groupsPerPlan, current, wanted);
}

/** Writes them, with the priority groups that are new. */
export async function insertPlacements(
  client: Queryable,
  planId: string,
  placements: readonly Placement[],
  there: readonly PriorityGroupRow[],
): Promise<void> {
  const ids = new Map(there.map(({ priority, id }) => [priority, id]));
  const missing = [...namesOf(placements, there)].filter(([priority]) => !ids.has(priority));
  for (const [priority] of missing) ids.set(priority, newId());
  await client.query({
    name: "plan-priority-groups-insert",
    text: `INSERT INTO plan_priority_group (plan_id, id, priority, name) SELECT $1, * FROM unnest($2::uuid[], $3::int4[], $4::text[])`,
    values: [
      planId,
      missing.map(([priority]) => ids.get(priority)),
      missing.map(([priority]) => priority),
      missing.map(([, name]) => name),
    ],
  });
  await client.query({
    name: "plan-groups-insert",
    text: "INSERT INTO plan_protection_group (plan_id, group_id, priority_group_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])",
    values: [
      planId,
      placements.map(({ protectionGroupId }) => protectionGroupId),
      placements.map(({ recoveryPriorityGroup }) => ids.get(recoveryPriorityGroup.priority)),
    ],
  });
}

/** Behind the writes: the plan's VMs must neither wait for each other nor share an address. */
export async function checkPlan(client: Queryable, errors: FieldErrors, planId: string, path: Path): Promise<void> {
  for (const { message } of await checkPlans(client, [planId])) errors.add(path, message);
  errors.check();
}
