/** Which recovery point of each group a run goes back to. (Reference: Recovery Points.) */
import type pg from "pg";
import { NotFoundError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { type Fault, faultsRefusal } from "./service/faults.ts";

/** One of the three; none of them is the newest complete point. Ids are the database's. */
export interface PointChoice {
  readonly latest?: boolean | null | undefined;
  readonly pointInTime?: Date | null | undefined;
  readonly specific?: readonly { readonly groupId: string; readonly recoveryPointId: string }[] | null | undefined;
}

interface Choosing {
  readonly recoveryType: "TEST" | "PLANNED" | "DISASTER";
  readonly recoveryPoint?: PointChoice | null | undefined;
  readonly syncData?: boolean | null | undefined;
  readonly acceptDataLoss?: boolean | null | undefined;
}

/**
 * A planned recovery loses nothing unless somebody says so, and takes the newest point; synchronising makes a newer point than the one that is
 * asked for.
 */
export function checkDataWanted({ recoveryType, recoveryPoint, syncData, acceptDataLoss }: Choosing): void {
  const errors = fieldErrors();
  const { pointInTime, specific } = recoveryPoint ?? {};
  const isPlanned = recoveryType === "PLANNED";
  if (isPlanned && syncData === false && acceptDataLoss !== true) {
    const lost = "Without synchronising, what was written since the last recovery point is lost: send true to accept that.";
    errors.add(["acceptDataLoss"], lost);
  }
  if (pointInTime || specific) {
    if (isPlanned) errors.add(["recoveryPoint"], "A planned recovery uses the latest point: leave this out, or send latest.");
    if (syncData === true)
      errors.add(["syncData"], "An older recovery point and synchronising exclude each other: send false, or leave it out.");
  }
  const groups = new Set(specific?.map(({ groupId }) => groupId));
  if (specific && groups.size < specific.length) errors.add(["recoveryPoint", "specific"], "One point for each group.");
  errors.check();
}

interface FoundPoint {
  readonly groupId: string;
  readonly externalId: string;
}

/** By group: the provider's id of the point that was asked for; empty when that is the newest. Refuses where a group has no such point. */
export async function pointsFor(
  database: Pick<pg.ClientBase, "query">,
  groups: readonly { readonly id: string; readonly name: string }[],
  choice: PointChoice | null | undefined,
): Promise<ReadonlyMap<string, string>> {
  const { pointInTime, specific } = choice ?? {};
  if (specific) return specificPoints(database, groups, specific);
  if (!pointInTime) return new Map();
  const { rows } = await database.query<FoundPoint>({
    name: "points-at-or-before",
    text: `SELECT DISTINCT ON (group_id) group_id AS "groupId", external_id AS "externalId" FROM recovery_point
      WHERE group_id = ANY ($1::uuid[]) AND complete AND taken_at <= $2 ORDER BY group_id, taken_at DESC`,
    values: [groups.map(({ id }) => id), pointInTime],
  });
  const found = new Map(rows.map(({ groupId, externalId }) => [groupId, externalId]));
  const missing = groups.filter(({ id }) => !found.has(id));
  if (missing.length > 0) throw faultsRefusal(missing.map(({ name }) => noPoint(name, `at or before ${pointInTime.toISOString()}`)));
  return found;
}

/** A point that is not complete can't be told from one that is not there: nobody can use it. */
async function specificPoints(
  database: Pick<pg.ClientBase, "query">,
  groups: readonly { readonly id: string; readonly name: string }[],
  specific: NonNullable<PointChoice["specific"]>,
): Promise<ReadonlyMap<string, string>> {
  const byGroup = new Map(specific.map(({ groupId, recoveryPointId }) => [groupId, recoveryPointId]));
  const errors = fieldErrors();
  const inPlan = new Set(groups.map(({ id }) => id));
  specific.forEach(({ groupId }, index) => {
    if (!inPlan.has(groupId)) errors.add(["recoveryPoint", "specific", index, "groupId"], "The plan has no such protection group.");
  });
  for (const { id, name } of groups)
    if (!byGroup.has(id))
      errors.add(["recoveryPoint", "specific"], `The group ${name} needs a point as well; each group of the plan has one.`);
  errors.check();
  const { rows } = await database.query<FoundPoint & { id: string; complete: boolean }>({
    name: "points-by-id",
    text: `SELECT id, group_id AS "groupId", external_id AS "externalId", complete FROM recovery_point WHERE id = ANY ($1::uuid[])`,
    values: [specific.map(({ recoveryPointId }) => recoveryPointId)],
  });
  const points = new Map(rows.map((row) => [row.id, row]));
  const found = new Map<string, string>();
  for (const { id, name } of groups) {
    const wanted = byGroup.get(id) ?? "";
    const point = points.get(wanted);
    if (point === undefined) throw new NotFoundError("RecoveryPoint", encodeId("RecoveryPoint", wanted));
    if (point.groupId !== id || !point.complete) throw faultsRefusal([noPoint(name, "with that id")]);
    found.set(id, point.externalId);
  }
  return found;
}

const noPoint = (name: string, which: string): Fault => ({
  code: "NO_RECOVERY_POINT",
  message: `The group ${name} has no complete recovery point ${which}.`,
  remedy: "Choose another point: ProtectionGroup.recoveryPoints lists them, newest first.",
});
