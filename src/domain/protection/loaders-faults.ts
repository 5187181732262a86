/** What is wrong with groups beside the fault of their last run: computed from their VMs, datastores and sites, nothing of it is stored. */
import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, type Gate } from "../batching.ts";
import { type Fault, type FaultCode, fault, splitBrain } from "../faults.ts";
import { listed } from "../listed.ts";

interface FaultRow {
  readonly groupId: string;
  readonly code: Extract<
    FaultCode,
    | "SPLIT_BRAIN"
    | "SITE_DISCONNECTED"
    | "VM_FAULT"
    | "VM_NOT_CONFIGURED"
    | "UNPROTECTED_VM"
    | "MISSING_AT_SOURCE"
    | "INVENTORY_MISSING"
    | "RPO_VIOLATION"
  >;
  /** Of a split brain: both are known to run. */
  readonly isKnown: boolean;
  /** The first few names that it concerns, and how many there are. */
  readonly names: readonly string[];
  readonly count: number;
  readonly since: Date | null;
}

const names = "(array_agg(x.name::text ORDER BY lower(x.name)))[1:5] AS names, count(*)::int4 AS count";
const members = "protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE m.group_id = ANY($1::uuid[])";

/** In the order in which they are shown. */
const text = `SELECT x.group_id AS "groupId", x.code, x.place = -1 AS "isKnown", ${names}, min(x.since) AS since FROM (
    SELECT CASE WHEN r.both_on_since IS NULL THEN 0 ELSE -1 END AS place, r.group_id, 'SPLIT_BRAIN' AS code, v.name,
      coalesce(r.both_on_since, r.recovered_at) AS since
      FROM recovered_vm r JOIN virtual_machine v ON v.id = r.vm_id WHERE r.group_id = ANY($1::uuid[]) AND r.original_off_since IS NULL
    UNION ALL SELECT 1, g.id, 'SITE_DISCONNECTED', s.name, s.state_since FROM protection_group g
      JOIN site s ON s.id IN (g.protected_site_id, g.recovery_site_id) WHERE g.id = ANY($1::uuid[]) AND s.state = 'DISCONNECTED'
    UNION ALL SELECT 2, m.group_id, 'VM_FAULT', v.name, NULL FROM ${members} AND m.fault_code IS NOT NULL
    UNION ALL SELECT 3, m.group_id, 'VM_NOT_CONFIGURED', v.name, NULL FROM ${members} AND m.protection_state = 'NOT_CONFIGURED'
    UNION ALL SELECT 4, o.group_id, 'UNPROTECTED_VM', v.name, NULL FROM storage_group o JOIN storage_group_source c ON c.storage_group_id = o.id
      JOIN protection_group g ON g.id = o.group_id
      JOIN virtual_machine v ON v.datastore_id = c.datastore_id AND v.site_id = g.protected_site_id LEFT JOIN protected_vm m ON m.vm_id = v.id
      WHERE o.group_id = ANY($1::uuid[]) AND v.missing_since IS NULL AND m.group_id IS DISTINCT FROM o.group_id
    UNION ALL SELECT 5, m.group_id, 'MISSING_AT_SOURCE', v.name, v.missing_since FROM ${members} AND v.missing_since IS NOT NULL
    UNION SELECT 6, o.group_id, 'INVENTORY_MISSING', d.name, d.missing_since FROM storage_group o JOIN datastore d ON d.missing_since IS NOT NULL
      AND (d.id = o.target_datastore_id OR d.id IN (SELECT c.datastore_id FROM storage_group_source c WHERE c.storage_group_id = o.id))
      WHERE o.group_id = ANY($1::uuid[])
    UNION ALL SELECT 7, r.group_id, 'RPO_VIOLATION', r.vm_name, r.opened_at FROM rpo_violation r
      WHERE r.group_id = ANY($1::uuid[]) AND r.closed_at IS NULL
  ) AS x GROUP BY x.group_id, x.place, x.code ORDER BY x.group_id, x.place`;

const sentences: Record<FaultRow["code"], (names: string, isKnown: boolean) => string> = {
  SPLIT_BRAIN: splitBrain,
  SITE_DISCONNECTED: (who) => `A site of the group can't be reached: ${who}.`,
  VM_FAULT: (who) => `VMs of the group have faults: ${who}.`,
  VM_NOT_CONFIGURED: (who) => `VMs of the group are not configured: ${who}.`,
  UNPROTECTED_VM: (who) => `VMs are on datastores that the group replicates, and not in the group: ${who}.`,
  MISSING_AT_SOURCE: (who) => `VMs of the group are no longer listed at their site: ${who}.`,
  INVENTORY_MISSING: (who) => `Datastores of the group are no longer listed at their site: ${who}.`,
  RPO_VIOLATION: (who) => `Replication lags behind the RPO: ${who}.`,
};

export function openGroupFaultsLoaders({ pool }: Pick<Database, "pool">) {
  const rowsOfGroup = batchedMany(
    (ids) => queryRows<FaultRow>(pool, { name: "group-faults", text, values: [ids] }),
    ({ groupId }) => groupId,
  );
  return (gate: Gate) => {
    const loader = rowsOfGroup.loader(gate);
    const load = async (groupId: string): Promise<Fault[]> => {
      const rows = await loader.load(groupId);
      return rows.map(({ code, isKnown, names: some, count, since }) => fault(code, sentences[code](listed(some, count), isKnown), since));
    };
    return { computedFaultsOfGroup: { load } };
  };
}
