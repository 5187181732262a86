/** The steps of a run as CSV, for spreadsheets: as the reports' CSV is. Pure. */
import { bom, cell } from "../../documents/writers/csv.ts";
import type { StepRow } from "../../recoveries/types/refs.ts";

const columns = ["number", "kind", "name", "status", "attempt", "started_at", "ended_at", "seconds", "message", "errors", "warnings"];

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function* stepsCsv(steps: readonly StepRow[]): Generator<string> {
  yield `${bom}${columns.join(",")}\r\n`;
  for (const step of steps) {
    const { startedAt, endedAt } = step;
    const seconds = startedAt === null || endedAt === null ? null : Math.round(endedAt - startedAt) / 1_000;
    const values = [step.path, step.kind, step.name, step.status, step.attempt, timeOf(startedAt), timeOf(endedAt), seconds, step.message];
    yield `${[...values, step.errors.join("\n"), step.warnings.join("\n")].map(cell).join(",")}\r\n`;
  }
}
