import type { ProtectedVm, VirtualMachine } from "../../database/generated/client.ts";
import { columnsOf, nameLike, type Source } from "../list-sql.ts";
import { needsConfiguration } from "./loaders-configuration.ts";

/** A machine with its membership in a group; everything of the membership is null or at its default without one. */
export type VmRow = Omit<VirtualMachine, "diskBytes" | "externalId" | "nameKey"> &
  Omit<ProtectedVm, "vmId" | "groupId" | "nameKey"> & {
    readonly diskBytes: number;
    readonly groupId: string | null;
    /** Age of the last synchronisation by the database's clock. */
    readonly lagSeconds: number | null;
  };

const plain = {
  id: "v.id",
  name: "v.name",
  powerState: "v.power_state",
  cpuCount: "v.cpu_count",
  memoryMb: "v.memory_mb",
  protectionState: "coalesce(m.protection_state, 'NOT_CONFIGURED')",
};

export const vmColumns = `${columnsOf(plain)}, v.site_id AS "siteId", v.guest_os AS "guestOs", v.disk_bytes::float8 AS "diskBytes", v.cluster, v.host, v.datastore_id AS "datastoreId",
  v.folder_id AS "folderId", v.resource_pool_id AS "resourcePoolId", v.missing_since AS "missingSince", v.network_mappings_version AS "networkMappingsVersion", m.group_id AS "groupId",
  m.placeholder_name AS "placeholderName",
  m.placeholder_external_id AS "placeholderExternalId", m.recovery_datastore_id AS "recoveryDatastoreId",
  m.fault_code AS "faultCode", m.fault_message AS "faultMessage",
  coalesce(m.replication_state, 'NOT_REPLICATED') AS "replicationState", m.last_sync_at AS "lastSyncAt",
  greatest(0, floor(extract(epoch FROM (SELECT dr_now()) - m.last_sync_at)))::int4 AS "lagSeconds"`;

const vmTables = "virtual_machine v LEFT JOIN protected_vm m ON m.vm_id = v.id";

export const vmById = `SELECT ${vmColumns} FROM ${vmTables} WHERE v.id = ANY($1::uuid[])`;

export type VmOrderField = "NAME" | "LAST_SYNC_TIME" | "PROTECTION_STATE";
export interface VmFilter {
  readonly name?: string | null | undefined;
  readonly siteId?: string | null | undefined;
  readonly protectionGroupId?: string | null | undefined;
  readonly protectionState?: string | null | undefined;
  readonly needsConfiguration?: boolean | null | undefined;
  readonly isProtected?: boolean | null | undefined;
}

const membersWhere = (column: string) =>
  `SELECT s.vm_id FROM plan_protection_group p JOIN protected_vm s ON s.group_id = p.group_id WHERE ${column} = above.id`;
const inPlan = " JOIN plan_protection_group pg ON pg.group_id = m.group_id";

export type VmParent = "group" | "plan" | "priorityGroup";

export const vmSource: Source<VmOrderField, VmFilter, VmParent> = {
  name: "vms",
  columns: vmColumns,
  plain,
  from: vmTables,
  id: "v.id",
  orders: {
    NAME: { expression: "lower(v.name)", type: "text" },
    LAST_SYNC_TIME: { expression: "coalesce(m.last_sync_at, '-infinity')", type: "timestamptz" },
    PROTECTION_STATE: { expression: "coalesce(m.protection_state::text, 'NOT_CONFIGURED')", type: "text" },
  },
  conditions: [
    { type: "text", sql: (name) => `v.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "uuid", sql: (site) => `v.site_id = ${site}`, value: ({ siteId }) => siteId },
    { type: "uuid", sql: (group) => `m.group_id = ${group}`, value: ({ protectionGroupId }) => protectionGroupId },
    {
      type: "text",
      sql: (state) => `coalesce(m.protection_state::text, 'NOT_CONFIGURED') = ${state}`,
      value: ({ protectionState }) => protectionState,
    },
    {
      type: "bool",
      sql: (needed) => `${needsConfiguration} = ${needed}`,
      value: ({ needsConfiguration }) => needsConfiguration,
    },
    { type: "bool", sql: (wanted) => `(m.vm_id IS NOT NULL) = ${wanted}`, value: ({ isProtected }) => isProtected },
  ],
  parents: {
    group: {
      column: "m.group_id",
      ids: "SELECT vm_id FROM protected_vm WHERE group_id = above.id",
      sorted: { NAME: { expression: "name_key", id: "vm_id", stored: "v.name_key" } },
    },
    plan: { from: inPlan, column: "pg.plan_id", ids: membersWhere("p.plan_id") },
    priorityGroup: { from: inPlan, column: "pg.priority_group_id", ids: membersWhere("p.priority_group_id") },
  },
};
