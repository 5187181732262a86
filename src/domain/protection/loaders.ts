import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, batchedOne, type Gate, padded } from "../batching.ts";
import { columnsOf, nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import type { GroupRow } from "./types-refs.ts";

const plain = {
  id: "g.id",
  name: "g.name",
  type: "g.type",
  replicationType: "g.replication_type",
  state: "g.state",
  rpoMinutes: "g.rpo_minutes",
};

const groupColumns = `${columnsOf(plain)}, g.description, g.protected_site_id AS "protectedSiteId",
  g.recovery_site_id AS "recoverySiteId", g.peer_state AS "peerState",
  g.point_in_time_instances AS "pointInTimeInstances", g.consistency_groups AS "consistencyGroups",
  g.snapshot_interval_minutes AS "snapshotIntervalMinutes", g.snapshot_retention AS "snapshotRetention", g.fault_code AS "faultCode",
  g.fault_message AS "faultMessage", g.fault_since AS "faultSince", g.last_test_at AS "lastTestAt", g.version, g.created_at AS "createdAt"`;

export type GroupOrderField = "NAME" | "TYPE" | "STATE" | "LAST_TEST_TIME" | "CREATED_AT";
export type GroupParent = "plan" | "priorityGroup";
export interface GroupFilter {
  readonly name?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly peerState?: string | null | undefined;
  readonly protectionState?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly replicationType?: string | null | undefined;
  readonly siteId?: string | null | undefined;
}

const inPlan = " JOIN plan_protection_group pg ON pg.group_id = g.id";

/** As `protectionState` in types.ts computes it. */
const protectionStateOf = `(SELECT CASE WHEN count(*) FILTER (WHERE m.protection_state <> 'NOT_CONFIGURED') = 0 THEN 'NOT_CONFIGURED'
    WHEN count(*) FILTER (WHERE m.protection_state <> 'SHADOWING') = 0 THEN 'PROTECTED'
    WHEN count(*) FILTER (WHERE m.protection_state = 'NOT_CONFIGURED') > 0 THEN 'PARTIALLY_CONFIGURED'
    ELSE 'NOT_PROTECTED' END FROM protected_vm m WHERE m.group_id = g.id)`;

const groups: Source<GroupOrderField, GroupFilter, GroupParent> = {
  name: "groups",
  columns: groupColumns,
  plain,
  from: "protection_group g",
  id: "g.id",
  orders: {
    NAME: { expression: "lower(g.name)", type: "text" },
    TYPE: { expression: "g.type::text", type: "text" },
    STATE: { expression: "g.state::text", type: "text" },
    LAST_TEST_TIME: { expression: "coalesce(g.last_test_at, '-infinity')", type: "timestamptz" },
    CREATED_AT: { expression: "g.created_at", type: "timestamptz" },
  },
  conditions: [
    { type: "text", sql: (name) => `g.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "text", sql: (state) => `g.state::text = ${state}`, value: ({ state }) => state },
    { type: "text", sql: (state) => `g.peer_state::text = ${state}`, value: ({ peerState }) => peerState },
    { type: "text", sql: (state) => `${protectionStateOf} = ${state}`, value: ({ protectionState }) => protectionState },
    { type: "text", sql: (type) => `g.type::text = ${type}`, value: ({ type }) => type },
    { type: "text", sql: (type) => `g.replication_type::text = ${type}`, value: ({ replicationType }) => replicationType },
    { type: "uuid", sql: (site) => `${site} IN (g.protected_site_id, g.recovery_site_id)`, value: ({ siteId }) => siteId },
  ],
  parents: {
    plan: { from: inPlan, column: "pg.plan_id", ids: "SELECT group_id FROM plan_protection_group WHERE plan_id = above.id" },
    priorityGroup: {
      from: inPlan,
      column: "pg.priority_group_id",
      ids: "SELECT group_id FROM plan_protection_group WHERE priority_group_id = above.id",
    },
  },
};

/** How many of a group's VMs are protected how far. */
export interface GroupCounts {
  readonly groupId: string;
  readonly vms: number;
  readonly shadowing: number;
  readonly configured: number;
}

const counts = `SELECT group_id AS "groupId", count(*)::int4 AS vms,
    count(*) FILTER (WHERE protection_state = 'SHADOWING')::int4 AS shadowing,
    count(*) FILTER (WHERE protection_state <> 'NOT_CONFIGURED')::int4 AS configured
  FROM protected_vm WHERE group_id = ANY($1::uuid[]) GROUP BY group_id`;

/** Replicated datastores of a group: its storage groups' sources, else those that its VMs are on. */
const datastores = `SELECT s.group_id AS "groupId", r.datastore_id AS "datastoreId" FROM storage_group s
    JOIN storage_group_source r ON r.storage_group_id = s.id WHERE s.group_id = ANY($1::uuid[])
  UNION SELECT m.group_id, v.datastore_id FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id
    WHERE m.group_id = ANY($1::uuid[]) AND v.datastore_id IS NOT NULL ORDER BY 1, 2`;

export interface PointFilter {
  readonly complete?: boolean | null | undefined;
}

const points: Source<"TAKEN_AT", PointFilter, "group"> = {
  name: "recovery-points",
  columns: "p.id",
  from: "recovery_point p",
  id: "p.id",
  orders: { TAKEN_AT: { expression: "p.taken_at", type: "timestamptz" } },
  conditions: [{ type: "bool", sql: (complete) => `p.complete = ${complete}`, value: ({ complete }) => complete }],
  parents: { group: { column: "p.group_id" } },
};

export function openProtectionLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const byId = `SELECT ${groupColumns} FROM protection_group g WHERE g.id = ANY($1::uuid[])`;
  const group = batchedOne(
    (ids) => queryRows<GroupRow>(pool, { name: "group-by-id", text: byId, values: [ids] }),
    ({ id }) => id,
  );
  const countsOfGroup = batchedOne(
    (ids) => queryRows<GroupCounts>(pool, { name: "group-counts", text: counts, values: [ids] }),
    ({ groupId }) => groupId,
  );
  const datastoresOfGroup = batchedMany(
    (ids) => queryRows<{ groupId: string; datastoreId: string }>(pool, { name: "group-datastores", text: datastores, values: [ids] }),
    ({ groupId }) => groupId,
  );
  const plansOfGroup = batchedMany(
    (ids) => prisma.planProtectionGroup.findMany({ where: { groupId: { in: padded(ids) } }, orderBy: { plan: { name: "asc" } } }),
    ({ groupId }) => groupId,
  );
  const useOfGroup = batchedOne(
    (ids) => prisma.groupUse.findMany({ where: { groupId: { in: padded(ids) } } }),
    ({ groupId }) => groupId,
  );
  const recoveryPoint = batchedOne(
    (ids) => prisma.recoveryPoint.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const pinsOfPoint = batchedMany(
    (ids) => prisma.recoveryPointPin.findMany({ where: { pointId: { in: padded(ids) } } }),
    ({ pointId }) => pointId,
  );
  const groupList = openList<GroupRow, GroupOrderField, GroupFilter, GroupParent>(pool, groups, {
    field: "NAME",
    direction: "ASC",
    filter: {},
  });
  const pointList = openList(pool, points, { field: "TAKEN_AT", direction: "DESC", filter: {} });
  return (gate: Gate) => ({
    group: group.loader(gate),
    countsOfGroup: countsOfGroup.loader(gate),
    datastoresOfGroup: datastoresOfGroup.loader(gate),
    plansOfGroup: plansOfGroup.loader(gate),
    useOfGroup: useOfGroup.loader(gate),
    recoveryPoint: recoveryPoint.loader(gate),
    pinsOfPoint: pinsOfPoint.loader(gate),
    groupList: groupList(gate),
    pointList: pointList(gate),
  });
}
