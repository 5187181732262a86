/** What other rooms refer to. */
import { builder } from "../builder.ts";
import type { ReportRow } from "./rows.ts";

export const ReportRef = builder.objectRef<Readonly<ReportRow>>("Report");
