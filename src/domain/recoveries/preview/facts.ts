/** What a preview asks beside what a start reads: points, room at the recovery site, addresses in use. A constant number of statements. */
import type pg from "pg";
import type { PointConsistency } from "../../../database/generated/enums.ts";

export interface PointFacts {
  readonly groupId: string;
  readonly groupName: string;
  readonly rpoMinutes: number;
  /** The point that would be used without synchronising; null: there is none. */
  readonly id: string | null;
  readonly takenAt: Date | null;
  readonly consistency: PointConsistency | null;
  /** Seconds from it, and from the newest one, to the request or the last good heartbeat. */
  readonly ageSeconds: number | null;
  readonly newestAgeSeconds: number | null;
}

/** What one VM of the plan needs. */
export interface VmNeeds {
  readonly vmId: string;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
  readonly datastoreId: string | null;
  readonly missing: boolean;
}

/** A pool that has a limit. */
export interface PoolFacts {
  readonly name: string;
  readonly cpuLimitMhz: number | null;
  readonly memoryLimitMb: number | null;
  /** Of the machines that run in it and are no copies of the plan's. */
  readonly cpusInUse: number;
  readonly memoryMbInUse: number;
}

/** A datastore that the plan's VMs go to. */
export interface DatastoreFacts {
  readonly id: string;
  readonly name: string;
  readonly freeBytes: number;
}

export interface AddressInUse {
  readonly ip: string;
  readonly vmName: string;
}

/** Something of the recovery site that it lists no more. */
export interface GonePlace {
  readonly kind: "network" | "folder" | "resource pool" | "datastore";
  readonly id: string;
  /** Of a folder, its path. */
  readonly name: string;
}

const members = "SELECT m.vm_id FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id WHERE g.plan_id = $1";
const itsDatastores = `coalesce(m.recovery_datastore_id, (SELECT s.target_datastore_id FROM storage_group_source c
  JOIN storage_group s ON s.id = c.storage_group_id WHERE c.datastore_id = v.datastore_id AND s.group_id = m.group_id))`;
/** Placeholders and recovered copies of the plan's own VMs are no strangers. */
const isStranger = `v.missing_since IS NULL AND v.id NOT IN (${members})
  AND NOT EXISTS (SELECT FROM protected_vm m WHERE m.vm_id IN (${members}) AND m.placeholder_external_id = v.external_id)
  AND NOT EXISTS (SELECT FROM recovered_vm c WHERE c.vm_id IN (${members}) AND c.recovered_external_id = v.external_id)`;

const age = (column: string) => `extract(epoch FROM least(dr_now(), coalesce($3::timestamptz, dr_now())) - ${column})::float8`;

const statements = {
  points: `SELECT g.id AS "groupId", g.name AS "groupName", g.rpo_minutes AS "rpoMinutes", p.id, p.taken_at AS "takenAt", p.consistency,
      greatest(0, ${age("p.taken_at")}) AS "ageSeconds", greatest(0, extract(epoch FROM dr_now() - n.taken_at)::float8) AS "newestAgeSeconds"
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id
      LEFT JOIN LATERAL (SELECT max(taken_at) AS taken_at FROM recovery_point WHERE group_id = g.id AND complete) n ON true
      LEFT JOIN LATERAL (SELECT id, taken_at, consistency FROM recovery_point WHERE group_id = g.id AND complete
        AND coalesce(external_id = $2::jsonb ->> g.id::text, true) ORDER BY taken_at DESC LIMIT 1) p ON true
    WHERE m.plan_id = $1 ORDER BY g.name, g.id`,
  needs: `SELECT v.id AS "vmId", v.cpu_count AS "cpuCount", v.memory_mb AS "memoryMb", v.disk_bytes::float8 AS "diskBytes",
      ${itsDatastores} AS "datastoreId", v.missing_since IS NOT NULL AS missing
    FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id JOIN virtual_machine v ON v.id = m.vm_id WHERE g.plan_id = $1`,
  /** Where nothing is limited, nothing has to be added up. */
  pools: `SELECT p.name, p.cpu_limit_mhz AS "cpuLimitMhz", p.memory_limit_mb AS "memoryLimitMb", u."cpusInUse", u."memoryMbInUse"
    FROM resource_pool p CROSS JOIN LATERAL (
      SELECT coalesce(sum(v.cpu_count), 0)::float8 AS "cpusInUse", coalesce(sum(v.memory_mb), 0)::float8 AS "memoryMbInUse"
      FROM virtual_machine v WHERE v.resource_pool_id = p.id AND v.power_state = 'POWERED_ON' AND ${isStranger}) AS u
    WHERE p.site_id = $2 AND p.missing_since IS NULL AND num_nonnulls(p.cpu_limit_mhz, p.memory_limit_mb) > 0`,
  datastores: `SELECT id, name, free_bytes::float8 AS "freeBytes" FROM datastore WHERE id = ANY ($1::uuid[]) AND site_id = $2 AND missing_since IS NULL`,
  addresses: `SELECT DISTINCT ON (ip) ip, v.name AS "vmName" FROM vm_nic n JOIN virtual_machine v ON v.id = n.vm_id CROSS JOIN unnest(n.ip_addresses) AS ip
    WHERE n.ip_addresses && $3::text[] AND v.site_id = $2 AND ip = ANY ($3::text[]) AND ${isStranger} ORDER BY ip, v.name`,
  gone: `SELECT 'network' AS kind, id, name FROM network WHERE site_id = $1 AND missing_since IS NOT NULL
    UNION ALL SELECT 'folder', id, path FROM folder WHERE site_id = $1 AND missing_since IS NOT NULL
    UNION ALL SELECT 'resource pool', id, name FROM resource_pool WHERE site_id = $1 AND missing_since IS NOT NULL
    UNION ALL SELECT 'datastore', id, name FROM datastore WHERE site_id = $1 AND missing_since IS NOT NULL ORDER BY kind, name`,
  requested: `WITH RECURSIVE c AS (SELECT requested_at, rerun_of_id FROM recovery WHERE id = $1
      UNION ALL SELECT o.requested_at, o.rerun_of_id FROM c JOIN recovery o ON o.id = c.rerun_of_id)
    SELECT greatest(0, extract(epoch FROM dr_now() - min(requested_at))::float8) AS seconds FROM c`,
} as const;

type Queryable = Pick<pg.ClientBase, "query">;

async function read<R extends pg.QueryResultRow>(client: Queryable, name: keyof typeof statements, ...values: unknown[]): Promise<R[]> {
  return (await client.query<R>({ name: `preview-${name}`, text: statements[name], values })).rows;
}

/** `points`: the provider's ids of those that were asked for. `lastHeardAt`: of a protected site that is DISCONNECTED. */
export const readPoints = (client: Queryable, planId: string, points: ReadonlyMap<string, string>, lastHeardAt: Date | null) =>
  read<PointFacts>(client, "points", planId, JSON.stringify(Object.fromEntries(points)), lastHeardAt);

/** Seconds since the first request of the run and those that it goes on with. */
export async function readSecondsSinceRequest(client: Queryable, recoveryId: string | null): Promise<number> {
  const [row] = await read<{ seconds: number | null }>(client, "requested", recoveryId);
  return row?.seconds ?? 0;
}

export interface SiteFacts {
  readonly needs: readonly VmNeeds[];
  readonly pools: readonly PoolFacts[];
  readonly datastores: readonly DatastoreFacts[];
  readonly addresses: readonly AddressInUse[];
  readonly gone: readonly GonePlace[];
}

export async function readSiteFacts(
  client: Queryable,
  {
    planId,
    recoverySiteId,
    addresses,
  }: { readonly planId: string; readonly recoverySiteId: string; readonly addresses: readonly string[] },
): Promise<SiteFacts> {
  const needs = await read<VmNeeds>(client, "needs", planId);
  const datastoreIds = [...new Set(needs.flatMap(({ datastoreId }) => datastoreId ?? []))];
  return {
    needs,
    pools: await read<PoolFacts>(client, "pools", planId, recoverySiteId),
    datastores: await read<DatastoreFacts>(client, "datastores", datastoreIds, recoverySiteId),
    addresses: await read<AddressInUse>(client, "addresses", planId, recoverySiteId, addresses),
    gone: await read<GonePlace>(client, "gone", recoverySiteId),
  };
}
