/** The catalogue of recovery points follows the site: what it no longer has goes, what it has and nobody wrote down is taken in. */
import type pg from "pg";
import { askSite, type SiteCalls } from "../effects.ts";
import { type Cycle, fence, ownCycle } from "./cycle.ts";

/** $5: what was known before the site was asked; a point that a run has made since is not in its answer. One that a run works on stays, unusable. */
const text = `WITH c AS (
    SELECT c.group_id FROM replication_cycle c WHERE ${ownCycle}
  ), there AS (
    SELECT * FROM jsonb_to_recordset($4::jsonb) AS x("pointId" text, "takenAt" timestamptz, complete boolean, "sizeBytes" bigint)
  ), missing AS (
    SELECT p.id, EXISTS (SELECT FROM recovery_point_pin n WHERE n.point_id = p.id) AS pinned FROM recovery_point p JOIN c ON c.group_id = p.group_id
    WHERE p.external_id = ANY($5::text[]) AND NOT EXISTS (SELECT FROM there WHERE there."pointId" = p.external_id)
  ), gone AS (
    DELETE FROM recovery_point p USING missing WHERE p.id = missing.id AND NOT missing.pinned
  ), kept AS (
    UPDATE recovery_point p SET complete = false FROM missing WHERE p.id = missing.id AND missing.pinned
  ), known AS (
    UPDATE recovery_point p SET complete = there.complete FROM c, there
    WHERE p.group_id = c.group_id AND p.external_id = there."pointId" AND p.complete <> there.complete
  )
  INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete, size_bytes)
  SELECT gen_random_uuid(), c.group_id, there."pointId", there."takenAt", true, there."sizeBytes" FROM c, there WHERE there.complete
  ON CONFLICT (group_id, external_id) DO NOTHING`;

export async function followSite(pool: pg.Pool, calls: SiteCalls, cycle: Cycle, signal: AbortSignal): Promise<void> {
  const { groupId, externalId, site } = cycle;
  const known = await pool.query<{ id: string }>({
    name: "replication-known-points",
    text: "SELECT external_id AS id FROM recovery_point WHERE group_id = $1",
    values: [groupId],
  });
  const there = await askSite(calls, site, signal, (provider, deadline) => provider.recoveryPoints(site.externalId, externalId, deadline));
  const values = [...fence(cycle), JSON.stringify(there), known.rows.map(({ id }) => id)];
  await pool.query({ name: "replication-follow-site", text, values });
}
