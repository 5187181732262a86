import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate, padded } from "../batching.ts";
import type { Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { openLagSeries } from "./loaders-lag.ts";

export type ViolationOrderField = "START_TIME" | "WORST_LAG" | "VM_NAME";
export interface ViolationFilter {
  readonly planId?: string | null | undefined;
  readonly protectionGroupId?: string | null | undefined;
  readonly vmId?: string | null | undefined;
  readonly siteId?: string | null | undefined;
  readonly open?: boolean | null | undefined;
  readonly severity?: string | null | undefined;
  readonly from?: Date | null | undefined;
  readonly to?: Date | null | undefined;
}

const violations: Source<ViolationOrderField, ViolationFilter, never> = {
  name: "rpo-violations",
  columns: "v.id",
  from: "rpo_violation v",
  id: "v.id",
  orders: {
    START_TIME: { expression: "v.opened_at", type: "timestamptz" },
    WORST_LAG: { expression: "v.worst_lag_seconds", type: "int4" },
    VM_NAME: { expression: "lower(v.vm_name)", type: "text" },
  },
  conditions: [
    { type: "uuid", sql: (plan) => `v.plan_ids @> ARRAY[${plan}]`, value: ({ planId }) => planId },
    { type: "uuid", sql: (group) => `v.group_id = ${group}`, value: ({ protectionGroupId }) => protectionGroupId },
    { type: "uuid", sql: (vm) => `v.vm_id = ${vm}`, value: ({ vmId }) => vmId },
    { type: "uuid", sql: (site) => `v.protected_site_id = ${site}`, value: ({ siteId }) => siteId },
    { type: "bool", sql: (open) => `(v.closed_at IS NULL) = ${open}`, value: ({ open }) => open },
    { type: "text", sql: (severity) => `(v.critical_since IS NULL) = (${severity} = 'WARNING')`, value: ({ severity }) => severity },
    { type: "timestamptz", sql: (from) => `(v.closed_at IS NULL OR v.closed_at > ${from})`, value: ({ from }) => from },
    { type: "timestamptz", sql: (to) => `v.opened_at < ${to}`, value: ({ to }) => to },
  ],
  parents: {},
};

export function openRpoLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const violation = batchedOne(
    (ids) => prisma.rpoViolation.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const violationList = openList(pool, violations, { field: "START_TIME", direction: "DESC", filter: {} });
  const lagSeries = openLagSeries(pool);
  return (gate: Gate) => ({
    violation: violation.loader(gate),
    violationList: violationList(gate),
    lagSeries: lagSeries.loader(gate),
  });
}
