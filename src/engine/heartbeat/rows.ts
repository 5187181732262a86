/**
 * Health as its rows have it: read, and written only while it is still what was read, so that many nodes agree. Of many sites or pairs at once;
 * nodes lock them in one order.
 */
import type pg from "pg";
import type { ConnectionState, ReplicationHealth } from "../../database/generated/enums.ts";
import { toJsonb } from "../../database/json.ts";
import { type ChangeKind, loggedChanges, updatedRows } from "../../events/changes.ts";
import { type ComponentReport, type Lag, type PairHealth, pairShowsChange } from "./pair-health.ts";
import { type SiteHealth, showsChange } from "./site-health.ts";
import { together } from "./together.ts";

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

const columns = `state_reason AS reason, state_since AS since, suspect_since AS "suspectSince"`;

/** What a health was, and what it is to be, of the row with this id. */
export interface Write<H> {
  readonly id: string;
  readonly before: H;
  readonly next: H;
}

export interface PairWrite extends Write<PairHealth> {
  readonly componentsChanged: boolean;
}

export interface Components {
  readonly pairId: string;
  readonly reports: readonly ComponentReport[];
}

export interface SiteRead {
  readonly health: SiteHealth;
  readonly now: number;
}

export interface PairRead {
  readonly health: PairHealth;
  readonly lag: Lag;
  readonly now: number;
}

/** Each may be asked for one; those that come at the same time share a statement. */
export interface HealthRows {
  /** Null: it is no longer there. */
  site(id: string): Promise<SiteRead | null>;
  /** False: it is no longer what was read. */
  writeSite(write: Write<SiteHealth>): Promise<boolean>;
  pair(id: string): Promise<PairRead | null>;
  writePair(write: PairWrite): Promise<boolean>;
  /** Those that the pair's rows name; true: one has changed. */
  writeComponents(components: Components): Promise<boolean>;
}

export const healthRows = (pool: pg.Pool): HealthRows => ({
  site: together((ids) => readSites(pool, ids)),
  writeSite: together((writes) => writeAll(pool, { name: "heartbeat-sites-write", text: siteText }, writes.map(siteChange))),
  pair: together((ids) => readPairs(pool, ids)),
  writePair: together((writes) => writeAll(pool, { name: "heartbeat-pairs-write", text: pairText }, writes.map(pairChange))),
  writeComponents: together((components) => writeComponents(pool, components)),
});

async function readSites(pool: pg.Pool, ids: readonly string[]): Promise<(SiteRead | null)[]> {
  const { rows } = await pool.query<HealthColumns & { id: string; goodHeartbeats: number }>({
    name: "heartbeat-sites-read",
    text: `SELECT id, state, ${columns}, heartbeat_at AS "heartbeatAt", good_heartbeats AS "goodHeartbeats", dr_now() AS now FROM site
      WHERE id = ANY ($1::uuid[])`,
    values: [ids],
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    return row ? { health: { ...healthOf(row), goodHeartbeats: row.goodHeartbeats }, now: row.now.getTime() } : null;
  });
}

const violationsOfPair = `rpo_violation v JOIN protection_group g ON g.id = v.group_id
  WHERE v.closed_at IS NULL AND p.local_site_id IN (g.protected_site_id, g.recovery_site_id) AND p.remote_site_id IN (g.protected_site_id, g.recovery_site_id)`;

async function readPairs(pool: pg.Pool, ids: readonly string[]): Promise<(PairRead | null)[]> {
  const { rows } = await pool.query<HealthColumns & { id: string; replication: ReplicationHealth; critical: boolean; late: boolean }>({
    name: "heartbeat-pairs-read",
    text: `SELECT id, connection_state AS state, ${columns}, last_heartbeat_at AS "heartbeatAt", replication_health AS replication, dr_now() AS now,
        EXISTS (SELECT FROM ${violationsOfPair} AND v.critical_since IS NOT NULL) AS critical, EXISTS (SELECT FROM ${violationsOfPair}) AS late
      FROM site_pairing p WHERE id = ANY ($1::uuid[])`,
    values: [ids],
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    if (row === undefined) return null;
    const { critical, late, replication } = row;
    return { health: { ...healthOf(row), replication }, lag: { critical, late }, now: row.now.getTime() };
  });
}

/** A column of the row, the field of the JSON that it is written from, and its type. */
type Column = readonly [column: string, field: string, type: string];

const health = (state: string, heartbeat: string, own: Column): readonly Column[] => [
  [state, "state", '"ConnectionState"'],
  ["state_reason", "reason", "text"],
  ["state_since", "since", "timestamptz"],
  ["suspect_since", "suspectSince", "timestamptz"],
  [heartbeat, "heartbeatAt", "timestamptz"],
  own,
];

/** With the events of those of which something `shows`; yields the ids of rows that were still what was read. */
function writeText(kind: ChangeKind, table: string, fields: readonly Column[], name: string): string {
  const given = fields.map(([, field, type]) => `"${field}" ${type}, "${field}Before" ${type}`);
  return `WITH same AS (
    SELECT x.* FROM ${table} t JOIN jsonb_to_recordset($1::jsonb) AS x (id uuid, shows boolean, ${given.join(", ")}) ON x.id = t.id
    WHERE ${fields.map(([column, field]) => `t.${column} IS NOT DISTINCT FROM x."${field}Before"`).join(" AND ")}
    ORDER BY t.id FOR NO KEY UPDATE OF t
  ), written AS (
    UPDATE ${table} t SET ${fields.map(([column, field]) => `${column} = x."${field}"`).join(", ")} FROM same x WHERE t.id = x.id
    RETURNING t.id, ${name} AS name, x.shows
  ), shown AS (SELECT id, name FROM written WHERE shows), ${loggedChanges(updatedRows(kind, "shown"))} SELECT id FROM written`;
}

const siteText = writeText("SITE_CHANGED", "site", health("state", "heartbeat_at", ["good_heartbeats", "goodHeartbeats", "int"]), "t.name");
const pairText = writeText(
  "PAIRING_CHANGED",
  "site_pairing",
  health("connection_state", "last_heartbeat_at", ["replication_health", "replication", '"ReplicationHealth"']),
  "NULL::text",
);

async function writeAll(
  pool: pg.Pool,
  statement: { readonly name: string; readonly text: string },
  changes: readonly Change[],
): Promise<boolean[]> {
  const { rows } = await pool.query<{ id: string }>({ ...statement, values: [toJsonb(changes)] });
  const written = new Set(rows.map(({ id }) => id));
  return changes.map(({ id }) => written.has(id));
}

interface Change {
  readonly id: string;
  readonly shows: boolean;
}

const siteChange = ({ id, before, next }: Write<SiteHealth>): Change => ({
  id,
  shows: showsChange(before, next),
  ...stored(next),
  ...beforeOf(stored(before)),
});

const pairChange = ({ id, before, next, componentsChanged }: PairWrite): Change => ({
  id,
  shows: componentsChanged || pairShowsChange(before, next),
  ...stored(next),
  ...beforeOf(stored(before)),
});

const stored = <H extends Pick<SiteHealth, "since" | "suspectSince" | "heartbeatAt">>(health: H) => ({
  ...health,
  since: new Date(health.since),
  suspectSince: dateOf(health.suspectSince),
  heartbeatAt: dateOf(health.heartbeatAt),
});

const beforeOf = (fields: object) => Object.fromEntries(Object.entries(fields).map(([field, value]) => [`${field}Before`, value]));

const componentText = (table: string, kind: ComponentReport["kind"]) => `UPDATE ${table} c SET state = x.state FROM (
    SELECT c.id, x.state FROM ${table} c JOIN x ON x."pairId" = c.pairing_id AND x.kind = '${kind}' AND lower(c.name) = lower(x.name)
    WHERE c.state <> x.state ORDER BY c.id FOR NO KEY UPDATE OF c) AS x
  WHERE c.id = x.id RETURNING c.pairing_id`;

const componentsText = `WITH x AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS x ("pairId" uuid, kind text, name text, state "ComponentState")
  ), managers AS (${componentText("array_manager", "ARRAY_MANAGER")}), servers AS (${componentText("replication_server", "REPLICATION_SERVER")})
  SELECT pairing_id AS id FROM managers UNION SELECT pairing_id FROM servers`;

async function writeComponents(pool: pg.Pool, all: readonly Components[]): Promise<boolean[]> {
  const given = all.flatMap(({ pairId, reports }) => reports.map((report) => ({ pairId, ...report })));
  const { rows } = await pool.query<{ id: string }>({ name: "heartbeat-components", text: componentsText, values: [toJsonb(given)] });
  const changed = new Set(rows.map(({ id }) => id));
  return all.map(({ pairId }) => changed.has(pairId));
}
