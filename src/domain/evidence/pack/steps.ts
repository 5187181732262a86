/** The steps of a run as CSV, for spreadsheets: as the reports' CSV is. Pure. */
import { timeOf } from "../../documents/tables.ts";
import { bom, cell } from "../../documents/writers/csv.ts";
import type { StepRow } from "../../recoveries/types/refs.ts";
import { dateOf, secondsOf } from "../../recoveries/types/step.ts";

const columns = ["number", "kind", "name", "status", "attempt", "started_at", "ended_at", "seconds", "message", "errors", "warnings"];

export function* stepsCsv(steps: readonly StepRow[]): Generator<string> {
  yield `${bom}${columns.join(",")}\r\n`;
  for (const step of steps) {
    const { startedAt, endedAt } = step;
    const times = [timeOf(dateOf(startedAt)), timeOf(dateOf(endedAt)), secondsOf(step)];
    const values = [step.path, step.kind, step.name, step.status, step.attempt, ...times, step.message];
    yield `${[...values, step.errors.join("\n"), step.warnings.join("\n")].map(cell).join(",")}\r\n`;
  }
}
