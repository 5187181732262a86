/** Recovered VMs and their originals, as their rows have them. */
import type pg from "pg";
import { insertedChanges } from "../../events/chain.ts";
import { changeCtes, loggedChanges } from "../../events/changes.ts";
import { endedProtection } from "../finish/unrecovered.ts";
import type { SiteRef } from "../model.ts";
import type { Next, OriginalState } from "./originals.ts";
import { together } from "./together.ts";

export interface RecoveredRow {
  readonly vmId: string;
  readonly name: string;
  readonly originalId: string;
  readonly copyId: string;
  readonly originalSite: SiteRef;
  readonly recoverySite: SiteRef;
  readonly powersOffOriginals: boolean;
  readonly state: OriginalState;
  /** When it was decided. */
  readonly keptAt: number | null;
}

interface Columns extends Omit<RecoveredRow, "state" | "keptAt"> {
  readonly offSince: Date | null;
  readonly bothOnSince: Date | null;
  readonly kept: OriginalState["kept"];
  readonly keptAt: Date | null;
}

const siteRef = (alias: string) =>
  `jsonb_build_object('siteId', ${alias}.id, 'siteName', ${alias}.name, 'provider', ${alias}.provider, 'externalId', ${alias}.external_id)`;

/**
 * A disaster recovery may take hours after its first VM runs, and the site may come back meanwhile: its copies count from when they are
 * registered. The end of the run writes the same rows. Groups and plans show that originals are not proven off: they have changed, and what the
 * new rows refer to is held before the log's counter.
 */
const noteText = `WITH open AS MATERIALIZED (
    SELECT r.id FROM recovery r LEFT JOIN site_pairing p ON p.id = r.pairing_id
    WHERE r.ended_at IS NULL AND r.kind = 'DISASTER' AND (p.id IS NULL OR p.local_site_id::text = ANY ($1::text[]) OR p.remote_site_id::text = ANY ($1::text[]))
  ), registered AS MATERIALIZED (
  SELECT v.vm_id, v.group_id, r.id, s.protected_site::uuid, v."externalId", s.recovery_site::uuid, v.copy
  FROM open r
    -- OFFSET: megabytes of a large plan are read of these runs, of no other, and once, however few runs there were when this was planned.
    CROSS JOIN LATERAL (SELECT content -> 'protectedSite' ->> 'id' AS protected_site, content -> 'recoverySite' ->> 'id' AS recovery_site, content -> 'vms' AS vms
      FROM recovery_snapshot WHERE run_id = r.id OFFSET 0) s
    CROSS JOIN LATERAL (SELECT t.vm_id, t.group_id, t.result ->> 'vmId' AS copy, v."externalId"
      FROM recovery_step t JOIN json_to_recordset(s.vms) AS v(id uuid, "externalId" text) ON v.id = t.vm_id
      WHERE t.run_id = r.id AND t.kind = 'REGISTER_VM' AND t.status IN ('SUCCEEDED', 'WARNING', 'ALREADY_DONE') AND t.result ->> 'vmId' IS NOT NULL
        AND NOT EXISTS (SELECT FROM recovered_vm x WHERE x.vm_id = t.vm_id) OFFSET 0) v
  WHERE s.protected_site = ANY ($1::text[])
  ), groups AS (
    SELECT id FROM protection_group WHERE id IN (SELECT group_id FROM registered) ORDER BY id FOR KEY SHARE
  ), vms AS (
    SELECT id FROM virtual_machine WHERE id IN (SELECT vm_id FROM registered, (SELECT count(*) FROM groups) AS held) ORDER BY id FOR KEY SHARE
  ), noted AS (
    INSERT INTO recovered_vm (vm_id, group_id, run_id, original_site_id, original_external_id, recovery_site_id, recovered_external_id)
    SELECT registered.* FROM registered, (SELECT count(*) FROM vms) AS held ON CONFLICT (vm_id) DO NOTHING RETURNING group_id
  ), ${loggedChanges(`SELECT DISTINCT 'PROTECTION_GROUP_CHANGED' AS kind, group_id AS id, 'UPDATED' AS change, NULL::text AS name FROM noted`)}
  SELECT 1`;

/** Whether VMs are recovered whose originals are at this site; what runs have registered since the last time is noted first. Many may be asked after at once. */
export const recoveredSites = (pool: pg.Pool): ((protectedSiteId: string) => Promise<boolean>) =>
  together(async (siteIds) => {
    await pool.query({ name: "originals-note", text: noteText, values: [siteIds] });
    const { rows } = await pool.query<{ id: string }>({
      name: "originals-sites",
      text: "SELECT id FROM unnest($1::uuid[]) AS id WHERE EXISTS (SELECT FROM recovered_vm WHERE original_site_id = id)",
      values: [siteIds],
    });
    const found = new Set(rows.map(({ id }) => id));
    return siteIds.map((id) => found.has(id));
  });

/** Of originals at this site. */
export async function readRecovered(pool: pg.Pool, siteId: string): Promise<{ rows: RecoveredRow[]; now: number }> {
  const { rows } = await pool.query<Columns & { now: Date }>({
    name: "originals-read",
    text: `SELECT r.vm_id AS "vmId", v.name, r.original_external_id AS "originalId", r.recovered_external_id AS "copyId",
        ${siteRef("o")} AS "originalSite", ${siteRef("c")} AS "recoverySite", coalesce(p.powers_off_originals, true) AS "powersOffOriginals",
        r.original_off_since AS "offSince", r.both_on_since AS "bothOnSince", r.kept, r.kept_at AS "keptAt", dr_now() AS now
      FROM recovered_vm r JOIN virtual_machine v ON v.id = r.vm_id JOIN site o ON o.id = r.original_site_id JOIN site c ON c.id = r.recovery_site_id
        LEFT JOIN site_pairing p ON (p.local_site_id, p.remote_site_id) IN ((o.id, c.id), (c.id, o.id))
      WHERE r.original_site_id = $1 ORDER BY r.vm_id`,
    values: [siteId],
  });
  const ms = (date: Date | null) => date?.getTime() ?? null;
  return {
    now: rows[0]?.now.getTime() ?? 0,
    rows: rows.map(({ offSince, bothOnSince, kept, keptAt, now: _, ...row }) => ({
      ...row,
      state: { offSince: ms(offSince), bothOnSince: ms(bothOnSince), kept },
      keptAt: ms(keptAt),
    })),
  };
}

/** Of a recovered VM `c`, but for those whose originals are kept from now on. */
const stillRecovered = (where: string): string =>
  `EXISTS (SELECT FROM recovered_vm c WHERE ${where} AND NOT EXISTS (SELECT FROM ended WHERE ended.vm_id = c.vm_id))`;
const inPlan = "c.group_id IN (SELECT m.group_id FROM plan_protection_group m WHERE m.plan_id = p.id)";

/**
 * A row is written only while it is what was read. One whose original is kept goes: the VM is no longer recovered, so that its group is recovered
 * in part, and its plan can be run again, or accepted as it is. Without any VM that is recovered there is nothing to accept or to reprotect: the
 * plan is READY, and its groups say that they have to be protected anew.
 */
const writeText = `WITH x AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS x ("vmId" uuid, "offBefore" timestamptz, "bothBefore" timestamptz, "keptBefore" text,
      "offSince" timestamptz, "bothOnSince" timestamptz, kept text, ends boolean)
  ), same AS (
    SELECT x.*, r.group_id, r.run_id, r.original_site_id, r.recovery_site_id FROM x JOIN recovered_vm r ON r.vm_id = x."vmId"
    WHERE r.original_off_since IS NOT DISTINCT FROM x."offBefore" AND r.both_on_since IS NOT DISTINCT FROM x."bothBefore"
      AND r.kept::text IS NOT DISTINCT FROM x."keptBefore" FOR UPDATE OF r
  ), updated AS (
    UPDATE recovered_vm r SET original_off_since = s."offSince", both_on_since = s."bothOnSince",
      kept = CASE WHEN s.kept IS NOT NULL THEN r.kept END, kept_by = CASE WHEN s.kept IS NOT NULL THEN r.kept_by END,
      kept_at = CASE WHEN s.kept IS NOT NULL THEN r.kept_at END, kept_comment = CASE WHEN s.kept IS NOT NULL THEN r.kept_comment END
    FROM same s WHERE r.vm_id = s."vmId" AND NOT s.ends RETURNING r.vm_id
  ), ended AS (
    DELETE FROM recovered_vm r USING same s WHERE r.vm_id = s."vmId" AND s.ends RETURNING r.vm_id, r.group_id, r.run_id
  ), plans AS (
    UPDATE recovery_plan p SET lifecycle = (CASE WHEN ${stillRecovered(inPlan)} THEN 'RECOVERY_INCOMPLETE' ELSE 'READY' END)::"PlanLifecycle"
    FROM ended JOIN recovery r ON r.id = ended.run_id
    WHERE p.id = r.plan_id AND (p.lifecycle IN ('RECOVERY_COMPLETE', 'RECOVERY_INCOMPLETE')
      OR (p.lifecycle = 'REPROTECT_INCOMPLETE' AND NOT ${stillRecovered(inPlan)})) RETURNING p.id, p.lifecycle
  ), partly AS (
    UPDATE protection_group g SET state = 'PARTIALLY_RECOVERED' FROM ended WHERE g.id = ended.group_id AND g.state = 'RECOVERED'
      AND ${stillRecovered("c.group_id = g.id")} AND (SELECT count(*) FROM plans) >= 0 RETURNING g.id
  ), groups AS (
    UPDATE protection_group g SET ${endedProtection} FROM ended WHERE g.id = ended.group_id AND g.state IN ('RECOVERED', 'PARTIALLY_RECOVERED')
      AND NOT ${stillRecovered("c.group_id = g.id")} AND (SELECT count(*) FROM partly) >= 0 RETURNING g.id
  ), released AS (
    DELETE FROM group_use u USING plans p, recovery r WHERE p.lifecycle = 'READY' AND r.plan_id = p.id AND r.ended_at IS NOT NULL
      AND u.run_id = r.id AND (SELECT count(*) FROM groups) >= 0 RETURNING u.group_id
  ), ${changeCtes(`SELECT 'VM_CHANGED' AS kind, s."vmId" AS id, 'UPDATED' AS change, NULL::text AS name FROM same s
      WHERE s."vmId" IN (SELECT vm_id FROM updated UNION ALL SELECT vm_id FROM ended)
    UNION SELECT 'SITE_CHANGED', t.id, 'UPDATED', NULL FROM same s JOIN site t ON t.id IN (s.original_site_id, s.recovery_site_id)
      WHERE s.ends OR (s."bothBefore" IS NULL) <> (s."bothOnSince" IS NULL)`)}, counter AS (
    UPDATE event_counter SET value = value + (SELECT count(*) FROM changed) WHERE id = 1 AND EXISTS (SELECT FROM changed)
      AND (SELECT count(*) FROM released) >= 0 RETURNING value - (SELECT count(*) FROM changed) AS base
  ), ${insertedChanges} SELECT "vmId" FROM same`;

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** Ids of those that were still what was read. */
export async function writeOriginals(
  pool: pg.Pool,
  found: readonly { readonly row: RecoveredRow; readonly next: Next }[],
): Promise<ReadonlySet<string>> {
  const given = found.map(({ row: { vmId, state }, next }) => {
    const before = { offBefore: iso(state.offSince), bothBefore: iso(state.bothOnSince), keptBefore: state.kept };
    if (next === "ORIGINAL_KEPT") return { vmId, ...before, ends: true };
    return { vmId, ...before, offSince: iso(next.offSince), bothOnSince: iso(next.bothOnSince), kept: next.kept, ends: false };
  });
  const { rows } = await pool.query<{ vmId: string }>({ name: "originals-write", text: writeText, values: [JSON.stringify(given)] });
  return new Set(rows.map(({ vmId }) => vmId));
}
