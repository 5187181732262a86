/** One hash for what a report says, whatever its format, and whoever it was made for: docs/evidence.md says how to recompute it from the JSON. */
import { createHash } from "node:crypto";
import type { ReportDocument } from "./model.ts";
import { shapeOf } from "./writers/json.ts";

/** SHA-256, in hexadecimal, over the report in JSON without when and for whom it was made: names sorted, no space between. */
export function factsHash(document: Omit<ReportDocument, "factsHash">): string {
  const { madeAt: _at, madeFor: _for, ...facts } = shapeOf(document);
  return createHash("sha256").update(canonical(facts)).digest("hex");
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const canonical = (facts: object): string =>
  JSON.stringify(facts, (_name, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
