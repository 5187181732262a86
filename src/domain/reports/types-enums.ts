import { builder } from "../builder.ts";

export const ReportTypeRef = builder.enumType("ReportType", {
  description: "What a report is about. (Reference: Report Types.)",
  values: {
    RPO_RTO_COMPLIANCE: {
      description: "RPO violations, and what runs achieved against the plans' RTO targets (reference: rpo_rto_compliance).",
    },
    TEST_HISTORY: { description: "Which tests there were, and how they went (reference: test_history)." },
    PROTECTION_STATUS: { description: "How groups and VMs are protected when the report is made (reference: protection_status)." },
    RECOVERY_READINESS: {
      description: "Whether a recovery would work when the report is made, and what stands in the way (reference: recovery_readiness).",
    },
  } as const,
});

export const ReportFormatRef = builder.enumType("ReportFormat", {
  description: "How a report is written. All have the same content.",
  values: {
    PDF: { description: "For people and for print. What its font lacks (Chinese, Japanese, Korean) is written as code points." },
    CSV: {
      description: "For spreadsheets: UTF-8 with a byte order mark; text that would be taken for a formula has an apostrophe in front.",
    },
    JSON: { description: "For programs; its shape has a version." },
    HTML: { description: "One page that needs nothing from elsewhere, light or dark." },
  } as const,
});

export const PageSizeRef = builder.enumType("PageSize", {
  description: "Size of a printed page.",
  values: { A4: { description: "210 × 297 mm." }, LETTER: { description: "8.5 × 11 inches." } } as const,
});

export const ReportStateRef = builder.enumType("ReportState", {
  description: "How far a report is. (Reference: Get Report Status.)",
  values: {
    GENERATING: { description: "It is being made." },
    COMPLETED: { description: "It can be fetched." },
    FAILED: { description: "It could not be made; failure says why." },
    EXPIRED: { description: "It was made more than 24 hours ago, and its content is gone." },
  } as const,
});
