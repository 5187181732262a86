/** Asking for a report. (Reference: Generate Compliance Report.) */
import { builder } from "../builder.ts";
import { checkId, fieldErrors } from "../field-errors.ts";
import { actor, keyField, written } from "../mutation-parts.ts";
import type { RequestedReport } from "./service.ts";
import { PageSizeRef, ReportFormatRef, ReportTypeRef } from "./types-enums.ts";
import { ReportRef } from "./types-refs.ts";

const DateRangeInput = builder.inputType("DateRangeInput", {
  description: "A range of time of at most 3,660 days. (Reference: date_range.)",
  fields: (t) => ({
    startDate: t.field({ type: "DateTime", required: true, description: "Its beginning; included." }),
    endDate: t.field({
      type: "DateTime",
      required: true,
      description: "Its end; not included, so that ranges that follow each other count nothing twice. It may be in the future.",
    }),
  }),
});

const GenerateComplianceReportInput = builder.inputType("GenerateComplianceReportInput", {
  description: "What the report is about, and how it is written. (Reference: Generate Compliance Report.)",
  fields: (t) => ({
    type: t.field({ type: ReportTypeRef, required: true, description: "What it is about (reference: report_type)." }),
    dateRange: t.field({
      type: DateRangeInput,
      required: true,
      description: "Tests and recoveries that began in it, violations that were open in it.",
    }),
    planIds: t.idList({
      description:
        "Only these recovery plans, at most 250, deleted ones too (reference: recovery_plans). Left out or empty: all, the deleted ones with runs in the range too.",
    }),
    format: t.field({ type: ReportFormatRef, required: true, description: "How it is written." }),
    pageSize: t.field({ type: PageSizeRef, description: "Size of its pages; A4 by default." }),
    idempotencyKey: t.string(keyField),
  }),
});

const GenerateComplianceReportPayload = builder.objectRef<RequestedReport>("GenerateComplianceReportPayload").implement({
  description: "The report is asked for; a node makes it next.",
  fields: (t) => ({
    report: t.field({
      type: ReportRef,
      description: "The report.",
      resolve: ({ reportId }, _args, { loaders }) => written(loaders.report.load(reportId)),
    }),
  }),
});

builder.mutationField("generateComplianceReport", (t) =>
  t.field({
    type: GenerateComplianceReportPayload,
    nullable: true,
    authScopes: { role: "VIEWER" },
    errors: {},
    description:
      "Asks for a report, which is made in the background from the data of that moment. Its progress and its end are told by REPORT_CHANGED events. CONFLICT with the limit while too many that the same user asked for are being made. (Reference: Generate Compliance Report.)",
    args: { input: t.arg({ type: GenerateComplianceReportInput, required: true, description: "Which report." }) },
    resolve: (_root, { input: { dateRange, pageSize, ...input } }, context) => {
      const errors = fieldErrors();
      const planIds = (input.planIds ?? []).map((id, at) => checkId(errors, ["planIds", at], "RecoveryPlan", id));
      errors.check();
      const range = { rangeStart: dateRange.startDate, rangeEnd: dateRange.endDate };
      return context.services.reports.generate(actor(context), { ...input, ...range, planIds, pageSize: pageSize ?? "A4" });
    },
  }),
);
