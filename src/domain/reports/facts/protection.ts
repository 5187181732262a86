/** Protection groups and their VMs as they are now. */
import type pg from "pg";
import type { ProtectionGroupState, ReplicationState, VmProtectionState } from "../../../database/generated/enums.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

export interface GroupFacts {
  readonly id: string;
  readonly name: string;
  readonly state: ProtectionGroupState;
  readonly faultMessage: string | null;
  readonly protectedSite: string;
  readonly recoverySite: string;
  readonly rpoSeconds: number;
  /** Plans of the report that have it now. */
  readonly planIds: readonly string[];
  readonly vms: number;
  readonly vmsProtected: number;
  readonly vmsSynced: number;
  /** VMs whose replica is older than the RPO allows, or that have none. */
  readonly vmsLate: number;
  /** Of the oldest replica; null: no VM has one. */
  readonly worstLagSeconds: number | null;
  readonly points: number;
  readonly newestPointAt: Date | null;
}

/** Null where there is no replica: `greatest` alone would make nought of it. */
const lag = "CASE WHEN m.last_sync_at IS NOT NULL THEN greatest(0, extract(epoch FROM $3 - m.last_sync_at)) END";
const groupIds = `(SELECT m.group_id FROM plan_protection_group m JOIN scope ON scope.id = m.plan_id
    UNION SELECT g.id FROM protection_group g WHERE cardinality($4) = 0)`;

const groupsText = `WITH ${scopeCtes}
  SELECT g.id, g.name, g.state, g.fault_message AS "faultMessage", p.name AS "protectedSite", r.name AS "recoverySite",
    g.rpo_minutes * 60 AS "rpoSeconds",
    ARRAY(SELECT x.plan_id::text FROM plan_protection_group x JOIN scope ON scope.id = x.plan_id WHERE x.group_id = g.id) AS "planIds",
    count(m.vm_id)::int4 AS vms, (count(*) FILTER (WHERE m.protection_state = 'SHADOWING'))::int4 AS "vmsProtected",
    (count(*) FILTER (WHERE m.replication_state = 'SYNCED'))::int4 AS "vmsSynced",
    (count(m.vm_id) FILTER (WHERE m.last_sync_at IS NULL OR ${lag} > g.rpo_minutes * 60))::int4 AS "vmsLate",
    floor(max(${lag}))::int4 AS "worstLagSeconds",
    (SELECT count(*)::int4 FROM recovery_point t WHERE t.group_id = g.id AND t.complete) AS points,
    (SELECT max(t.taken_at) FROM recovery_point t WHERE t.group_id = g.id AND t.complete) AS "newestPointAt"
  FROM protection_group g JOIN site p ON p.id = g.protected_site_id JOIN site r ON r.id = g.recovery_site_id
    LEFT JOIN protected_vm m ON m.group_id = g.id
  WHERE g.id IN ${groupIds} GROUP BY g.id, p.name, r.name ORDER BY lower(g.name), g.id`;

/** With plans named: their groups; else all groups, those that are in no plan too. */
export async function readGroups(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<GroupFacts[]> {
  return (await client.query<GroupFacts>({ text: groupsText, values: valuesOf(scope) })).rows;
}

export interface VmFacts {
  readonly name: string;
  readonly groupName: string;
  readonly protectionState: VmProtectionState;
  readonly replicationState: ReplicationState;
  readonly lastSyncAt: Date | null;
  readonly lagSeconds: number | null;
  readonly rpoSeconds: number;
}

export interface VmList {
  /** The latest replicas last: what needs somebody's eye comes first. */
  readonly vms: readonly VmFacts[];
  readonly count: number;
}

const vmsText = `WITH ${scopeCtes}
  SELECT v.name, g.name AS "groupName", m.protection_state AS "protectionState", m.replication_state AS "replicationState",
    m.last_sync_at AS "lastSyncAt", floor(${lag})::int4 AS "lagSeconds", g.rpo_minutes * 60 AS "rpoSeconds",
    (count(*) OVER ())::int4 AS count
  FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id JOIN protection_group g ON g.id = m.group_id
  WHERE g.id IN ${groupIds} ORDER BY m.last_sync_at NULLS FIRST, lower(v.name), v.id LIMIT $5`;

export async function readVms(client: Pick<pg.ClientBase, "query">, scope: Scope, most: number): Promise<VmList> {
  const { rows } = await client.query<VmFacts & { count: number }>({ text: vmsText, values: [...valuesOf(scope), most] });
  return { vms: rows, count: rows[0]?.count ?? 0 };
}

/** VMs of all sites that no group protects, of those that their site lists now. */
const unprotectedText = `SELECT count(*)::int4 AS count FROM virtual_machine v
  WHERE v.missing_since IS NULL AND NOT EXISTS (SELECT FROM protected_vm m WHERE m.vm_id = v.id)`;

export async function countUnprotected(client: Pick<pg.ClientBase, "query">): Promise<number> {
  return (await client.query<{ count: number }>(unprotectedText)).rows[0]?.count ?? 0;
}
