import type { Database } from "../../database/database.ts";
import { batchedOne, type Gate } from "../batching.ts";
import type { Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { readReports, reportState } from "./rows.ts";

export type ReportOrderField = "REQUESTED_AT";
export interface ReportFilter {
  readonly type?: string | null | undefined;
  readonly state?: string | null | undefined;
}

const reports: Source<ReportOrderField, ReportFilter, never> = {
  name: "reports",
  columns: "r.id",
  from: "report r",
  id: "r.id",
  orders: { REQUESTED_AT: { expression: "r.requested_at", type: "timestamptz" } },
  conditions: [
    { type: "text", sql: (type) => `r.type::text = ${type}`, value: ({ type }) => type },
    { type: "text", sql: (state) => `${reportState} = ${state}`, value: ({ state }) => state },
  ],
  parents: {},
};

export function openReportLoaders({ pool }: Pick<Database, "pool">) {
  const report = batchedOne(
    (ids) => readReports(pool, ids),
    ({ id }) => id,
  );
  const reportList = openList(pool, reports, { field: "REQUESTED_AT", direction: "DESC", filter: {} });
  return (gate: Gate) => ({ report: report.loader(gate), reportList: reportList(gate) });
}
