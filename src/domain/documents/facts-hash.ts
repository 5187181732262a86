/** One hash for what a report says, whatever its format, and whoever it was made for: docs/evidence.md says how to recompute it from the JSON. */
import { createHash } from "node:crypto";
import { sortedFields } from "../../database/json.ts";
import type { ReportDocument } from "./model.ts";
import { shapeOf } from "./writers/json.ts";

/** SHA-256, in hexadecimal, over the report in JSON without when and for whom it was made: names sorted, no space between. */
export function factsHash(document: Omit<ReportDocument, "factsHash">): string {
  const { madeAt: _at, madeFor: _for, ...facts } = shapeOf(document);
  return createHash("sha256")
    .update(JSON.stringify(sortedFields(facts)))
    .digest("hex");
}
