/** Writes the tree of a run once it is compiled: thousands of rows, in pieces, so that neither gateway nor database holds its breath. */
import type pg from "pg";
import { arrayText } from "../database/array-text.ts";
import { type Cell, copyIn } from "../database/copy-in.ts";
import { toJsonb, toText } from "../database/json.ts";
import { turns } from "../jobs/turns.ts";
import type { StepState } from "./batch.ts";
import { type Journal, type News, type RunRow, runAndEvents } from "./journal.ts";

/** What is stored of a step of a new tree. */
const columns: readonly (readonly [name: string, value: (step: StepState) => Cell])[] = [
  ["ordinal", ({ node }) => node.ordinal],
  ["parent", ({ node }) => node.parent],
  ["path", ({ node }) => node.path],
  ["key", ({ node }) => toText(node.key)],
  ["kind", ({ node }) => node.kind],
  ["name", ({ node }) => toText(node.name)],
  ["phase", ({ node }) => node.phase],
  ["site_id", ({ node }) => node.siteId],
  ["group_id", ({ node }) => node.groupId],
  ["vm_id", ({ node }) => node.vmId],
  ["plan_step_id", ({ node }) => node.planStepId],
  ["spec", ({ node }) => toJsonb(node.spec)],
  ["after", ({ node }) => arrayText(node.after)],
  ["needs", ({ node }) => arrayText(node.needs)],
  ["after_gates", ({ node }) => arrayText(node.afterGates)],
  ["opens_gate", ({ node }) => node.opensGate],
  ["expected_seconds", ({ node }) => Math.round(node.expectedSeconds)],
  ["on_critical_path", ({ node }) => node.onCriticalPath],
  ["status", ({ status }) => status],
  ["message", ({ message }) => (message === null ? null : toText(message))],
  ["started_at", ({ startedAt }) => timeOf(startedAt)],
  ["ended_at", ({ endedAt }) => timeOf(endedAt)],
  ["progress_percent", ({ progressPercent }) => progressPercent],
  ["warnings", ({ warnings }) => arrayText(warnings.map(toText))],
  ["result", ({ result }) => (result === null ? null : toJsonb(result))],
];

const timeOf = (milliseconds: number | null): string | null => (milliseconds === null ? null : new Date(milliseconds).toISOString());

/** A third cheaper for the database than an INSERT of the same rows. */
const copySteps = `COPY recovery_step (run_id, ${columns.map(([name]) => `"${name}"`).join(", ")}) FROM STDIN`;

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
      const rows = steps.slice(at, at + pieceSize).map((step) => [runId, ...columns.map(([, value]) => value(step))]);
      const next = copyIn(client, copySteps, rows);
      next.catch(() => {});
      await Promise.all([before, turns.next()]); // when the database is through with that one, it has this one already
      before = next;
    }
    await before;
  };
  return journal.execute(startRun, run, news, [], insert);
}
