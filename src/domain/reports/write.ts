/** A document in the format that was asked for. */
import type { ReportFormat } from "../../database/generated/enums.ts";
import type { ReportDocument } from "../documents/model.ts";
import { csvOf } from "../documents/writers/csv.ts";
import { htmlOf } from "../documents/writers/html.ts";
import { jsonOf } from "../documents/writers/json.ts";
import { pdfOf } from "../documents/writers/pdf.ts";

type Writer = (document: ReportDocument, signal: AbortSignal) => Promise<Uint8Array>;

export const writers: Readonly<Record<ReportFormat, Writer>> = {
  PDF: pdfOf,
  CSV: async (document) => Buffer.from(csvOf(document)),
  JSON: async (document) => Buffer.from(jsonOf(document)),
  HTML: async (document) => Buffer.from(htmlOf(document)),
};
