/** A report's content for whoever may have it: a viewer with a session, or the bearer of a link that is still good. */
import type { ReportFormat, ReportState, ReportType } from "../../database/generated/enums.ts";
import type { Context } from "../context.ts";
import { ConflictError, NotFoundError, UnauthorizedError } from "../errors.ts";
import { idInPath } from "../ids.ts";
import type { ServiceContext } from "../service-context.ts";
import { type GivenSignature, requireGood } from "../signed-link.ts";
import { requireRole } from "../viewer.ts";
import { reportState } from "./rows.ts";

export interface Download {
  readonly contentType: string;
  /** Letters, digits, points and dashes. */
  readonly fileName: string;
  readonly body: Uint8Array;
}

const contentTypes: Readonly<Record<ReportFormat, string>> = {
  PDF: "application/pdf",
  CSV: "text/csv; charset=utf-8",
  JSON: "application/json; charset=utf-8",
  HTML: "text/html; charset=utf-8",
};

interface Stored {
  readonly type: ReportType;
  readonly format: ReportFormat;
  readonly state: ReportState;
  readonly rangeStart: Date;
  readonly rangeEnd: Date;
  readonly failure: string | null;
  readonly content: Uint8Array | null;
}

const text = `SELECT r.type, r.format, ${reportState} AS state, r.range_start AS "rangeStart", r.range_end AS "rangeEnd", r.failure,
    CASE WHEN ${reportState} = 'COMPLETED' THEN r.content END AS content
  FROM report r WHERE r.id = $1`;

/** UnauthorizedError, ForbiddenError, NotFoundError, or ConflictError while there is nothing to fetch. */
export async function reportDownload(
  { pool }: Pick<ServiceContext["database"], "pool">,
  context: Pick<Context, "viewer" | "refusal" | "services">,
  globalId: string,
  link: GivenSignature | null,
): Promise<Download> {
  const id = idInPath("Report", globalId);
  if (link === null) checkSession(context);
  else requireGood(await context.services.reports.checkSignature(id, link), "downloadUrl");
  const { rows } = await pool.query<Stored>({ name: "report-content", text, values: [id] });
  const [report] = rows;
  if (report === undefined) throw new NotFoundError("Report", globalId);
  const { content, format } = report;
  if (content === null) throw new ConflictError(...whyNot(report));
  return { contentType: contentTypes[format], fileName: fileNameOf(id, report), body: content };
}

function checkSession({ viewer, refusal }: Pick<Context, "viewer" | "refusal">): void {
  if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session, or a link that the field downloadUrl gives.");
  requireRole(viewer, "VIEWER");
}

/** Message and remedy. */
function whyNot({ state, failure }: Stored): [string, string] {
  if (state === "GENERATING")
    return ["The report is not ready yet.", "Wait until its state is COMPLETED; the subscription events tells of it."];
  if (state === "FAILED")
    return [`The report could not be made. ${failure ?? ""}`.trim(), "Ask for it again with generateComplianceReport."];
  return ["The report has expired, and its content is gone.", "Ask for it again with generateComplianceReport."];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Reports of one type and range may be of other plans: the end of the id tells them apart. */
function fileNameOf(id: string, { type, format, rangeStart, rangeEnd }: Stored): string {
  return `${type.toLowerCase().replaceAll("_", "-")}-${day(rangeStart)}-to-${day(rangeEnd)}-${id.slice(-8)}.${format.toLowerCase()}`;
}
