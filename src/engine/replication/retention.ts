/**
 * Discards points that are too many. First the row says that the point can no longer be chosen, then the site drops it, then the row goes:
 * whoever dies in between leaves a row that its successor compares with the site.
 */
import type pg from "pg";
import { inTransaction } from "../../database/transaction.ts";
import { ProviderError } from "../../providers/contract.ts";
import { orderAndWatch, type SiteCalls } from "../effects.ts";
import { type Cycle, fence, isSuspended, ownCycle } from "./cycle.ts";
import { type KeptPoint, pointsTooMany } from "./retention-rule.ts";

/** A start takes the group's row too: it either sees what was set aside, or is seen here. */
const lockText = "SELECT 1 FROM protection_group WHERE id = $1 FOR UPDATE";

/** An open run that has not yet made its storage may choose, or have chosen, any point. */
const keepText = `SELECT COALESCE(g.snapshot_retention, g.point_in_time_instances) AS keep FROM replication_cycle c
  JOIN protection_group g ON g.id = c.group_id
  WHERE ${ownCycle} AND NOT ${isSuspended} AND NOT EXISTS (
    SELECT FROM group_use u JOIN recovery r ON r.id = u.run_id WHERE u.group_id = g.id AND r.kind = 'TEST' AND r.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id AND s.group_id = g.id AND s.kind = 'CREATE_SNAPSHOT'
        AND s.status IN ('SUCCEEDED', 'WARNING', 'SKIPPED', 'CANCELLED', 'ALREADY_DONE')))`;

const pointsText = `SELECT p.id, p.external_id AS "externalId", p.taken_at AS "takenAt", p.complete,
    EXISTS (SELECT FROM recovery_point_pin n WHERE n.point_id = p.id) OR EXISTS (
      SELECT FROM group_use u JOIN recovery_step s ON s.run_id = u.run_id AND s.group_id = p.group_id
      WHERE u.group_id = p.group_id AND s.kind IN ('SYNCHRONISE', 'CREATE_SNAPSHOT', 'PROMOTE_STORAGE') AND s.result ->> 'pointId' = p.external_id) AS held
  FROM recovery_point p WHERE p.group_id = $1`;

const setAsideText = "UPDATE recovery_point SET complete = false WHERE id = ANY($1::uuid[])";

const setAside = (pool: pg.Pool, cycle: Cycle): Promise<readonly KeptPoint[]> =>
  inTransaction(pool, async (client) => {
    await client.query({ name: "replication-lock-group", text: lockText, values: [cycle.groupId] });
    const { rows } = await client.query<{ keep: number }>({ name: "replication-keep", text: keepText, values: fence(cycle) });
    const keep = rows[0]?.keep;
    const points = await client.query<KeptPoint>({ name: "replication-points", text: pointsText, values: [cycle.groupId] });
    const tooMany = keep === undefined ? [] : pointsTooMany(points.rows, keep);
    await client.query({ name: "replication-set-aside", text: setAsideText, values: [tooMany.map(({ id }) => id)] });
    return tooMany;
  });

const isOurs = `EXISTS (SELECT FROM replication_cycle c WHERE ${ownCycle})`;
const dropText = `DELETE FROM recovery_point WHERE id = $4 AND NOT EXISTS (SELECT FROM recovery_point_pin n WHERE n.point_id = $4) AND ${isOurs}`;
const putBackText = `UPDATE recovery_point SET complete = true WHERE id = $4 AND ${isOurs}`;

/** Answers what the site would not drop, with its reason; rejects when it does not answer. */
export async function discardPoints(
  pool: pg.Pool,
  calls: SiteCalls,
  cycle: Cycle,
  signal: AbortSignal,
): Promise<readonly { readonly pointId: string; readonly reason: string }[]> {
  const context = { signal, cancelled: new AbortController().signal, progress: () => {} };
  const refused: { pointId: string; reason: string }[] = [];
  for (const { id, externalId: pointId } of await setAside(pool, cycle)) {
    const key = `${cycle.cycleId}:discard:${pointId}`;
    const request = { groupId: cycle.externalId, pointId };
    const reason = await orderAndWatch(calls, context, cycle.site, "discardPoint", request, key, false).then(
      (end) => (end.state === "SUCCEEDED" ? null : end.message),
      (error: unknown) => {
        if (error instanceof ProviderError && error.code === "REFUSED") return error.message;
        throw error;
      },
    );
    const text = reason === null ? dropText : putBackText;
    await pool.query({ name: reason === null ? "replication-drop" : "replication-put-back", text, values: [...fence(cycle), id] });
    if (reason !== null) refused.push({ pointId, reason });
  }
  return refused;
}
