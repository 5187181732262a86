/** Health as its rows have it: read, and written only while it is still what was read, so that many nodes agree. */
import type pg from "pg";
import type { ConnectionState, ReplicationHealth } from "../../database/generated/enums.ts";
import { insertedChanges } from "../../events/chain.ts";
import { type ChangeKind, changeCtes, updatedRows } from "../../events/changes.ts";
import { type ComponentReport, type Lag, type PairHealth, pairShowsChange } from "./pair-health.ts";
import { type SiteHealth, showsChange } from "./site-health.ts";

export interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly externalId: string;
}

export interface PairRow {
  readonly id: string;
  readonly siteIds: readonly [string, string];
}

export interface Watched {
  readonly sites: readonly SiteRow[];
  readonly pairs: readonly PairRow[];
}

/** Sites that have a pair, and the pairs. */
export async function readWatched(pool: pg.Pool): Promise<Watched> {
  const { rows: pairs } = await pool.query<PairRow>({
    name: "heartbeat-pairs",
    text: `SELECT id, ARRAY[local_site_id, remote_site_id] AS "siteIds" FROM site_pairing ORDER BY id`,
  });
  const { rows: sites } = await pool.query<SiteRow>({
    name: "heartbeat-sites",
    text: `SELECT id, name, provider, external_id AS "externalId" FROM site WHERE id = ANY ($1::uuid[]) ORDER BY id`,
    values: [[...new Set(pairs.flatMap(({ siteIds }) => siteIds))]],
  });
  return { sites, pairs };
}

interface HealthColumns {
  readonly state: ConnectionState;
  readonly reason: string | null;
  readonly since: Date;
  readonly suspectSince: Date | null;
  readonly heartbeatAt: Date | null;
  readonly now: Date;
}

const msOf = (date: Date | null): number | null => date?.getTime() ?? null;
const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const healthOf = ({ state, reason, since, suspectSince, heartbeatAt }: HealthColumns) => ({
  state,
  reason,
  since: since.getTime(),
  suspectSince: msOf(suspectSince),
  heartbeatAt: msOf(heartbeatAt),
});

/** With the events of what has changed, if `shown`; yields whether the row was still what was read. */
const writeText = (kind: ChangeKind, update: string, shown: string) => `WITH written AS (${update}), shown AS (
    SELECT id, name FROM written WHERE ${shown}
  ), ${changeCtes(updatedRows(kind, "shown"))}, counter AS (
    UPDATE event_counter SET value = value + (SELECT count(*) FROM changed) WHERE id = 1 AND EXISTS (SELECT FROM changed)
    RETURNING value - (SELECT count(*) FROM changed) AS base
  ), ${insertedChanges} SELECT id FROM written`;

const columns = `state_reason AS reason, state_since AS since, suspect_since AS "suspectSince"`;

export async function readSiteHealth(pool: pg.Pool, siteId: string): Promise<{ health: SiteHealth; now: number } | null> {
  const { rows } = await pool.query<HealthColumns & { goodHeartbeats: number }>({
    name: "heartbeat-site-read",
    text: `SELECT state, ${columns}, heartbeat_at AS "heartbeatAt", good_heartbeats AS "goodHeartbeats", dr_now() AS now FROM site WHERE id = $1`,
    values: [siteId],
  });
  const [row] = rows;
  return row ? { health: { ...healthOf(row), goodHeartbeats: row.goodHeartbeats }, now: row.now.getTime() } : null;
}

const siteText = writeText(
  "SITE_CHANGED",
  `UPDATE site SET state = $2, state_reason = $3, state_since = $4, suspect_since = $5, heartbeat_at = $6, good_heartbeats = $7
    WHERE id = $1 AND state = $8 AND state_reason IS NOT DISTINCT FROM $9 AND state_since = $10 AND suspect_since IS NOT DISTINCT FROM $11
      AND heartbeat_at IS NOT DISTINCT FROM $12 AND good_heartbeats = $13 RETURNING id, name`,
  "$14::boolean",
);

/** False: it is no longer what was read. */
export async function writeSiteHealth(pool: pg.Pool, siteId: string, before: SiteHealth, next: SiteHealth): Promise<boolean> {
  const values = [siteId, ...siteValues(next), ...siteValues(before), showsChange(before, next)];
  return (await pool.query({ name: "heartbeat-site-write", text: siteText, values })).rows.length > 0;
}

const siteValues = ({ state, reason, since, suspectSince, heartbeatAt, goodHeartbeats }: SiteHealth) => [
  state,
  reason,
  new Date(since),
  dateOf(suspectSince),
  dateOf(heartbeatAt),
  goodHeartbeats,
];

const violationsOfPair = `rpo_violation v JOIN protection_group g ON g.id = v.group_id
  WHERE v.closed_at IS NULL AND p.local_site_id IN (g.protected_site_id, g.recovery_site_id) AND p.remote_site_id IN (g.protected_site_id, g.recovery_site_id)`;

export async function readPairHealth(pool: pg.Pool, pairingId: string): Promise<{ health: PairHealth; lag: Lag; now: number } | null> {
  const { rows } = await pool.query<HealthColumns & { replication: ReplicationHealth; critical: boolean; late: boolean }>({
    name: "heartbeat-pair-read",
    text: `SELECT connection_state AS state, ${columns}, last_heartbeat_at AS "heartbeatAt", replication_health AS replication, dr_now() AS now,
        EXISTS (SELECT FROM ${violationsOfPair} AND v.critical_since IS NOT NULL) AS critical, EXISTS (SELECT FROM ${violationsOfPair}) AS late
      FROM site_pairing p WHERE id = $1`,
    values: [pairingId],
  });
  const [row] = rows;
  if (row === undefined) return null;
  const { critical, late, replication } = row;
  return { health: { ...healthOf(row), replication }, lag: { critical, late }, now: row.now.getTime() };
}

const pairText = writeText(
  "PAIRING_CHANGED",
  `UPDATE site_pairing SET connection_state = $2, state_reason = $3, state_since = $4, suspect_since = $5, last_heartbeat_at = $6,
      replication_health = $7
    WHERE id = $1 AND connection_state = $8 AND state_reason IS NOT DISTINCT FROM $9 AND state_since = $10
      AND suspect_since IS NOT DISTINCT FROM $11 AND last_heartbeat_at IS NOT DISTINCT FROM $12 AND replication_health = $13
    RETURNING id, NULL::text AS name`,
  "$14::boolean",
);

export async function writePairHealth(
  pool: pg.Pool,
  pairingId: string,
  before: PairHealth,
  next: PairHealth,
  componentsChanged: boolean,
): Promise<boolean> {
  const values = [pairingId, ...pairValues(next), ...pairValues(before), componentsChanged || pairShowsChange(before, next)];
  return (await pool.query({ name: "heartbeat-pair-write", text: pairText, values })).rows.length > 0;
}

const pairValues = ({ state, reason, since, suspectSince, heartbeatAt, replication }: PairHealth) => [
  state,
  reason,
  new Date(since),
  dateOf(suspectSince),
  dateOf(heartbeatAt),
  replication,
];

const componentText = (table: string, kind: ComponentReport["kind"]) => `UPDATE ${table} c SET state = x.state::"ComponentState"
  FROM jsonb_to_recordset($2::jsonb) AS x (kind text, name text, state text)
  WHERE c.pairing_id = $1 AND x.kind = '${kind}' AND lower(c.name) = lower(x.name) AND c.state <> x.state::"ComponentState" RETURNING c.id`;

/** Those that the pair's rows name; true: one has changed. */
export async function writeComponents(pool: pg.Pool, pairingId: string, reports: readonly ComponentReport[]): Promise<boolean> {
  if (reports.length === 0) return false;
  const text = `WITH managers AS (${componentText("array_manager", "ARRAY_MANAGER")}), servers AS (${componentText("replication_server", "REPLICATION_SERVER")})
    SELECT id FROM managers UNION ALL SELECT id FROM servers`;
  const values = [pairingId, JSON.stringify(reports)];
  return (await pool.query({ name: "heartbeat-components", text, values })).rows.length > 0;
}
