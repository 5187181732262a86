import { encodeId } from "../ids.ts";
import type { LinkKind } from "../signed-link.ts";

export const reportLink: LinkKind = {
  purpose: "report-download",
  path: (reportId) => `/reports/${encodeId("Report", reportId)}/download`,
};
