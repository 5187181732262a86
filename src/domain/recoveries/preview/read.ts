/** Reads what previews know beside what a start reads. Those of several plans, and of several kinds of runs of one plan, share statements and answers. */
import type pg from "pg";
import { byId, together } from "../../together.ts";
import type { AddressInUse, DatastoreFacts, GonePlace, PointFacts, PoolFacts, SiteFacts, VmNeeds } from "./facts.ts";

const itsDatastores = `coalesce(m.recovery_datastore_id, (SELECT s.target_datastore_id FROM storage_group_source c
  JOIN storage_group s ON s.id = c.storage_group_id WHERE c.datastore_id = v.datastore_id AND s.group_id = m.group_id))`;
/** Of each plan that is asked for, its VMs, and what stands for them at the recovery site: placeholders and recovered copies are no strangers. */
const own = `own AS MATERIALIZED (
    SELECT a.plan_id, m.vm_id, x.external_id FROM (SELECT DISTINCT plan_id FROM asked) AS a JOIN plan_protection_group g ON g.plan_id = a.plan_id
      JOIN protected_vm m ON m.group_id = g.group_id LEFT JOIN recovered_vm c ON c.vm_id = m.vm_id
      CROSS JOIN LATERAL (VALUES (m.placeholder_external_id), (c.recovered_external_id)) AS x (external_id))`;
/** For rows `q` of what is asked for and `v`. */
const isStranger = `v.missing_since IS NULL AND NOT EXISTS (SELECT FROM own o WHERE o.plan_id = q.plan_id AND o.vm_id = v.id)
  AND NOT EXISTS (SELECT FROM own o WHERE o.plan_id = q.plan_id AND o.external_id = v.external_id)`;

const age = (column: string) => `extract(epoch FROM least(dr_now(), coalesce(q.heard_at, dr_now())) - ${column})::float8`;

const statements = {
  points: `SELECT q.at, g.id AS "groupId", g.name AS "groupName", g.rpo_minutes AS "rpoMinutes", p.id, p.taken_at AS "takenAt", p.consistency,
      greatest(0, ${age("p.taken_at")}) AS "ageSeconds", greatest(0, extract(epoch FROM dr_now() - n.taken_at)::float8) AS "newestAgeSeconds"
    FROM jsonb_to_recordset($1::jsonb) AS q (at int4, plan_id uuid, points jsonb, heard_at timestamptz)
      JOIN plan_protection_group m ON m.plan_id = q.plan_id JOIN protection_group g ON g.id = m.group_id
      LEFT JOIN LATERAL (SELECT max(taken_at) AS taken_at FROM recovery_point WHERE group_id = g.id AND complete) n ON true
      LEFT JOIN LATERAL (SELECT id, taken_at, consistency FROM recovery_point WHERE group_id = g.id AND complete
        AND coalesce(external_id = q.points ->> g.id::text, true) ORDER BY taken_at DESC LIMIT 1) p ON true
    ORDER BY g.name, g.id`,
  needs: `SELECT g.plan_id AS "planId", v.id AS "vmId", v.cpu_count AS "cpuCount", v.memory_mb AS "memoryMb", v.disk_bytes::float8 AS "diskBytes",
      ${itsDatastores} AS "datastoreId", v.missing_since IS NOT NULL AS missing
    FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id JOIN virtual_machine v ON v.id = m.vm_id WHERE g.plan_id = ANY ($1::uuid[])`,
  /** Where nothing is limited, nothing has to be added up. */
  pools: `WITH asked AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS q (plan_id, site_id)), ${own}
    SELECT q.plan_id AS "planId", q.site_id AS "siteId", p.name, p.cpu_limit_mhz AS "cpuLimitMhz", p.memory_limit_mb AS "memoryLimitMb", u."cpusInUse", u."memoryMbInUse"
    FROM asked q JOIN resource_pool p ON p.site_id = q.site_id CROSS JOIN LATERAL (
      SELECT coalesce(sum(v.cpu_count), 0)::float8 AS "cpusInUse", coalesce(sum(v.memory_mb), 0)::float8 AS "memoryMbInUse"
      FROM virtual_machine v WHERE v.resource_pool_id = p.id AND v.power_state = 'POWERED_ON' AND ${isStranger}) AS u
    WHERE p.missing_since IS NULL AND num_nonnulls(p.cpu_limit_mhz, p.memory_limit_mb) > 0`,
  datastores: `SELECT id, site_id AS "siteId", name, free_bytes::float8 AS "freeBytes" FROM datastore WHERE id = ANY ($1::uuid[]) AND missing_since IS NULL`,
  addresses: `WITH asked AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS q (at int4, plan_id uuid, site_id uuid, addresses text[])), ${own}
    SELECT DISTINCT ON (q.at, ip) q.at, ip, v.name AS "vmName" FROM asked q CROSS JOIN LATERAL (
      SELECT n.vm_id, n.ip_addresses FROM vm_nic n WHERE n.ip_addresses && q.addresses OFFSET 0) n
      JOIN virtual_machine v ON v.id = n.vm_id CROSS JOIN unnest(n.ip_addresses) AS ip
    WHERE v.site_id = q.site_id AND ip = ANY (q.addresses) AND ${isStranger} ORDER BY q.at, ip, v.name`,
  gone: `SELECT site_id AS "siteId", 'network' AS kind, id, name FROM network WHERE site_id = ANY ($1::uuid[]) AND missing_since IS NOT NULL
    UNION ALL SELECT site_id, 'folder', id, path FROM folder WHERE site_id = ANY ($1::uuid[]) AND missing_since IS NOT NULL
    UNION ALL SELECT site_id, 'resource pool', id, name FROM resource_pool WHERE site_id = ANY ($1::uuid[]) AND missing_since IS NOT NULL
    UNION ALL SELECT site_id, 'datastore', id, name FROM datastore WHERE site_id = ANY ($1::uuid[]) AND missing_since IS NOT NULL ORDER BY kind, name`,
  requested: `WITH RECURSIVE c AS (SELECT requested_at, rerun_of_id FROM recovery WHERE id = $1
      UNION ALL SELECT o.requested_at, o.rerun_of_id FROM c JOIN recovery o ON o.id = c.rerun_of_id)
    SELECT greatest(0, extract(epoch FROM dr_now() - min(requested_at))::float8) AS seconds FROM c`,
} as const;

type Queryable = Pick<pg.ClientBase, "query">;

/** Seconds since the first request of the run and those that it goes on with. */
export async function readSecondsSinceRequest(client: Queryable, recoveryId: string | null): Promise<number> {
  if (recoveryId === null) return 0;
  const { rows } = await client.query<{ seconds: number | null }>({
    name: "preview-requested",
    text: statements.requested,
    values: [recoveryId],
  });
  return rows[0]?.seconds ?? 0;
}

/** `points`: the provider's ids of those that were asked for. `lastHeardAt`: of a protected site that is DISCONNECTED. */
export interface PointsOf {
  readonly planId: string;
  readonly points: ReadonlyMap<string, string>;
  readonly lastHeardAt: Date | null;
}

/** What a plan finds at its recovery site. */
interface AtSite {
  readonly planId: string;
  readonly siteId: string;
}

interface Wanted extends AtSite {
  readonly addresses: readonly string[];
}

/** What previews read in one transaction: those of several plans, and of several kinds of runs of one plan, side by side. */
export interface PreviewFacts {
  points(of: PointsOf): Promise<readonly PointFacts[]>;
  /** `addresses`: that the plan's VMs are to get. */
  site(at: Wanted): Promise<SiteFacts>;
}

type With<R, K> = R & K;

export function openPreviewFacts(client: Queryable): PreviewFacts {
  const read = async <R extends pg.QueryResultRow>(name: keyof typeof statements, ...values: unknown[]): Promise<R[]> =>
    (await client.query<R>({ name: `preview-${name}`, text: statements[name], values })).rows;
  const key = ({ planId, siteId }: AtSite) => `${planId} ${siteId}`;
  const points = together<PointsOf, readonly PointFacts[]>({
    identity: ({ planId, points, lastHeardAt }) => `${planId} ${lastHeardAt?.getTime() ?? ""} ${JSON.stringify([...points])}`,
    async fetch(asked) {
      const given = asked.map(({ planId, points, lastHeardAt }, at) => ({
        ...{ at, plan_id: planId, points: Object.fromEntries(points), heard_at: lastHeardAt },
      }));
      const found = Map.groupBy(await read<With<PointFacts, { at: number }>>("points", JSON.stringify(given)), ({ at }) => at);
      return asked.map((_, at) => found.get(at) ?? []);
    },
  });
  const needs = byId(async (planIds) =>
    Map.groupBy(await read<With<VmNeeds, { planId: string }>>("needs", planIds), ({ planId }) => planId),
  );
  const gone = byId(async (siteIds) =>
    Map.groupBy(await read<With<GonePlace, { siteId: string }>>("gone", siteIds), ({ siteId }) => siteId),
  );
  const datastore = byId(async (ids) => {
    const found = await read<With<DatastoreFacts, { siteId: string }>>("datastores", ids);
    return new Map(found.map((one) => [one.id, one]));
  });
  const pools = together<AtSite, readonly PoolFacts[]>({
    identity: key,
    async fetch(asked) {
      const values = [asked.map(({ planId }) => planId), asked.map(({ siteId }) => siteId)];
      const found = Map.groupBy(await read<With<PoolFacts, AtSite>>("pools", ...values), key);
      return asked.map((one) => found.get(key(one)) ?? []);
    },
  });
  const addresses = together<Wanted, readonly AddressInUse[]>({
    identity: (wanted) => `${key(wanted)} ${wanted.addresses.join()}`,
    async fetch(asked) {
      const given = asked.map(({ planId, siteId, addresses }, at) => ({ at, plan_id: planId, site_id: siteId, addresses }));
      const found = Map.groupBy(await read<With<AddressInUse, { at: number }>>("addresses", JSON.stringify(given)), ({ at }) => at);
      return asked.map((_, at) => found.get(at) ?? []);
    },
  });
  return {
    points,
    /** What all ask comes first, so that they ask at the same time. */
    async site(at) {
      const own = (await needs(at.planId)) ?? [];
      const limited = await pools(at);
      const inUse = await addresses(at);
      const missing = (await gone(at.siteId)) ?? [];
      const ids = [...new Set(own.flatMap(({ datastoreId }) => datastoreId ?? []))];
      const stores = (await Promise.all(ids.map(datastore))).filter((store) => store !== null);
      const datastores = stores.filter(({ siteId }) => siteId === at.siteId);
      return { needs: own, pools: limited, datastores, addresses: inUse, gone: missing };
    },
  };
}
