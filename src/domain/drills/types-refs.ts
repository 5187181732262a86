/** What other rooms refer to. */
import type { DrillOccurrence } from "../../database/generated/client.ts";
import { builder } from "../builder.ts";
import type { DrillRow } from "./rows.ts";

export type OccurrenceRow = DrillOccurrence;

export const DrillRef = builder.objectRef<Readonly<DrillRow>>("Drill");
export const DrillOccurrenceRef = builder.objectRef<Readonly<OccurrenceRow>>("DrillOccurrence");
