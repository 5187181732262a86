/** Reports. (Reference: Compliance and Reporting.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { encodeId } from "../ids.ts";
import { PageSizeRef, ReportFormatRef, ReportStateRef, ReportTypeRef } from "./types-enums.ts";
import { ReportRef } from "./types-refs.ts";

builder.node(ReportRef, {
  description: "A report that somebody asked for. It is kept for 24 hours after it was made. (Reference: Get Report Status.)",
  id: { resolve: ({ id }) => id, description: "Global id of the report (reference: report_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.report.loadMany(ids)),
  fields: (t) => ({
    type: t.expose("type", { type: ReportTypeRef, description: "What it is about (reference: report_type)." }),
    format: t.expose("format", { type: ReportFormatRef, description: "How it is written." }),
    pageSize: t.expose("pageSize", { type: PageSizeRef, description: "The size of its pages, in PDF and where HTML is printed." }),
    state: t.expose("state", { type: ReportStateRef, description: "How far it is." }),
    rangeStart: t.expose("rangeStart", { type: "DateTime", description: "Beginning of its range; included." }),
    rangeEnd: t.expose("rangeEnd", { type: "DateTime", description: "End of its range; not included." }),
    planIds: t.idList({
      description: "Global ids of the plans that it is about, deleted ones too; empty: all.",
      resolve: ({ planIds }) => planIds.map((id) => encodeId("RecoveryPlan", id)),
    }),
    requestedBy: t.exposeString("requestedBy", { description: "Who asked for it." }),
    requestedAt: t.expose("requestedAt", { type: "DateTime", description: "When it was asked for." }),
    progressPercent: t.exposeInt("progressPercent", { description: "0 to 100. A REPORT_CHANGED event tells of each change." }),
    generatedAt: t.expose("generatedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was made (reference: generated_time); null: not yet.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When its content goes, 24 hours after it was made (reference: expires_time); null: it is not made.",
    }),
    failure: t.exposeString("failure", { nullable: true, description: "Why it could not be made, and what may help; null unless FAILED." }),
    sizeBytes: t.exposeInt("sizeBytes", { nullable: true, description: "Length of its content, in bytes; null: it is not made." }),
    checksum: t.exposeString("checksum", {
      nullable: true,
      description: "SHA-256 of its content, in hexadecimal; stays when the content is gone. Null: it is not made.",
    }),
    downloadUrl: t.string({
      nullable: true,
      description:
        "Path and query at this gateway that its content can be fetched from by GET, by whoever has it, for 5 minutes: each read of this field makes a new one. Null unless COMPLETED. Without the query it is good as long as the content is, with a session in the headers. (Reference: download_url.)",
      resolve: ({ id, state }, _args, { services }) => (state === "COMPLETED" ? services.reports.signedPath(id) : null),
    }),
  }),
});
