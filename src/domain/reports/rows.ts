/** Reports as they are read: without their content, which only a download needs. */
import type pg from "pg";
import type { PageSize, ReportFormat, ReportState, ReportType } from "../../database/generated/enums.ts";

export interface ReportRow {
  readonly id: string;
  readonly type: ReportType;
  readonly format: ReportFormat;
  readonly pageSize: PageSize;
  readonly state: ReportState;
  readonly rangeStart: Date;
  readonly rangeEnd: Date;
  readonly planIds: readonly string[];
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly progressPercent: number;
  readonly generatedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly failure: string | null;
  readonly sizeBytes: number | null;
  readonly checksum: string | null;
}

/** From its time on it is expired, whenever its content is removed. */
export const reportState = `CASE WHEN r.state = 'COMPLETED' AND r.expires_at <= dr_now() THEN 'EXPIRED' ELSE r.state::text END`;

const text = `SELECT r.id, r.type, r.format, r.page_size AS "pageSize", ${reportState} AS state, r.range_start AS "rangeStart",
    r.range_end AS "rangeEnd", r.plan_ids::text[] AS "planIds", r.requested_by AS "requestedBy", r.requested_at AS "requestedAt",
    r.progress_percent AS "progressPercent", r.generated_at AS "generatedAt", r.expires_at AS "expiresAt", r.failure,
    r.size_bytes AS "sizeBytes", r.checksum
  FROM report r WHERE r.id = ANY($1::uuid[])`;

export async function readReports(pool: Pick<pg.Pool, "query">, ids: readonly string[]): Promise<ReportRow[]> {
  return (await pool.query<ReportRow>({ name: "reports", text, values: [ids] })).rows;
}
