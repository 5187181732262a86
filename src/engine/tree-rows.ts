/** Writes the tree of a run once it is compiled: thousands of rows, in pieces, so that neither gateway nor database holds its breath. */
import type pg from "pg";
import { arrayText } from "../database/array-text.ts";
import { textsOf, toJsonb, toText, toTexts } from "../database/json.ts";
import type { StepState } from "./batch.ts";
import { type Journal, type News, type RunRow, runAndEvents } from "./journal.ts";

/** What is stored of the steps of a new tree. */
export const treeRows = (steps: readonly StepState[]) =>
  steps.map(({ node, status, message, startedAt, endedAt, progressPercent, warnings, result }) => ({
    ...node,
    expectedSeconds: Math.round(node.expectedSeconds),
    status,
    message,
    started: startedAt,
    ended: endedAt,
    progress: progressPercent,
    warnings,
    result,
  }));

type TreeRow = ReturnType<typeof treeRows>[number];

/** A column: its name, the type of its values on the way, what they become (if not themselves), and a row's value. */
type Column = readonly [
  name: string,
  type: string,
  value: (row: TreeRow) => string | number | boolean | null,
  read?: (column: string) => string,
];

const as = (type: string) => (column: string) => `${column}::${type}`;
const time = (column: string) => `to_timestamp(${column} / 1000.0)`;
const numbers = (values: readonly number[]): string => `{${values.join(",")}}`;

const columns: readonly Column[] = [
  ["ordinal", "int", (row) => row.ordinal],
  ["parent", "int", (row) => row.parent],
  ["path", "text", (row) => row.path],
  ["key", "text", (row) => toText(row.key)],
  ["kind", "text", (row) => row.kind],
  ["name", "text", (row) => toText(row.name)],
  ["phase", "text", (row) => row.phase, as('"StepPhase"')],
  ["site_id", "uuid", (row) => row.siteId],
  ["group_id", "uuid", (row) => row.groupId],
  ["vm_id", "uuid", (row) => row.vmId],
  ["plan_step_id", "uuid", (row) => row.planStepId],
  ["spec", "text", (row) => toJsonb(row.spec), as("jsonb")],
  ["after", "text", (row) => numbers(row.after), as("int[]")],
  ["needs", "text", (row) => numbers(row.needs), as("int[]")],
  ["after_gates", "text", (row) => numbers(row.afterGates), as("int[]")],
  ["opens_gate", "int", (row) => row.opensGate],
  ["expected_seconds", "int", (row) => row.expectedSeconds],
  ["on_critical_path", "boolean", (row) => row.onCriticalPath],
  ["status", "text", (row) => row.status, as('"StepStatus"')],
  ["message", "text", (row) => (row.message === null ? null : toText(row.message))],
  ["started_at", "float8", (row) => row.started, time],
  ["ended_at", "float8", (row) => row.ended, time],
  ["progress_percent", "int", (row) => row.progress],
  ["warnings", "text", (row) => toTexts(row.warnings), textsOf],
  ["result", "text", (row) => (row.result === null ? null : toJsonb(row.result)), as("jsonb")],
];

const names = columns.map(([name]) => `"${name}"`).join(", ");

/** $1 the run, then the columns. */
const insertSteps = {
  name: "engine-insert-steps",
  text: `INSERT INTO recovery_step (run_id, ${names})
    SELECT $1::uuid, ${columns.map(([name, , , read]) => (read ?? ((column: string) => column))(`x."${name}"`)).join(", ")}
    FROM unnest(${columns.map(([, type], index) => `$${index + 2}::${type}[]`).join(", ")}) AS x(${names})`,
};

const startRun = {
  name: "engine-start-run",
  text: `WITH ${runAndEvents.run}, ${runAndEvents.task}, ${runAndEvents.events("r")} SELECT base FROM r`,
};

/**
 * Rows that go together: a few milliseconds' work for who makes them and for who takes them. What is longer than a socket's buffer keeps the
 * database waiting for its rest.
 */
const pieceSize = 250;

/** The whole tree with what is decided from the start, and the events that say so: all or nothing. */
export function writeTree(journal: Journal, runId: string, steps: readonly StepState[], run: RunRow, news: News): Promise<void> {
  const insert = async (client: pg.ClientBase) => {
    let before: Promise<unknown> = Promise.resolve();
    for (let at = 0; at < steps.length; at += pieceSize) {
      const rows = treeRows(steps.slice(at, at + pieceSize));
      const next = client.query({ ...insertSteps, values: [runId, ...columns.map(([, , value]) => arrayText(rows.map(value)))] });
      next.catch(() => {});
      await before; // when the database is through with that one, it has this one already
      before = next;
    }
    await before;
  };
  return journal.execute(startRun, run, news, [], insert);
}
