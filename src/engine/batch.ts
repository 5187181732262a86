/** What one journal write holds: changes of steps, prompts and output, and the events that say so, in order. */
import { arrayText } from "../database/array-text.ts";
import { toJsonb, toText, toTexts } from "../database/json.ts";
import type { RecoveryEvent } from "../events/types.ts";
import type { PromptAnswer, StepNode, StepResult, StepStatus } from "./model.ts";

/** A step as it is in memory, between reading its row and writing it. */
export interface StepState {
  readonly node: StepNode;
  status: StepStatus;
  attempt: number;
  progressPercent: number;
  message: string | null;
  errors: readonly string[];
  warnings: readonly string[];
  result: StepResult | null;
  /** Database time in milliseconds; for forecasts. Null until started or ended. */
  startedAt: number | null;
  endedAt: number | null;
  dueAt: number | null;
}

export interface NewPrompt {
  readonly id: string;
  readonly ordinal: number;
  readonly attempt: number;
  readonly name: string;
  readonly message: string;
  readonly defaultAnswer: PromptAnswer | null;
  readonly needsTwoPeople: boolean;
  readonly opened: number;
  readonly due: number | null;
}

export interface NewOutput {
  readonly ordinal: number;
  readonly text: string;
  readonly total: number;
}

export interface Batch {
  readonly steps: Map<number, StepState>;
  readonly events: RecoveryEvent[];
  readonly prompts: NewPrompt[];
  readonly outputs: NewOutput[];
  /** Prompts that nobody has to answer any more. */
  readonly withdrawn: string[];
}

export const emptyBatch = (): Batch => ({ steps: new Map(), events: [], prompts: [], outputs: [], withdrawn: [] });

export const isEmpty = (batch: Batch): boolean =>
  batch.steps.size === 0 &&
  batch.events.length === 0 &&
  batch.prompts.length === 0 &&
  batch.outputs.length === 0 &&
  batch.withdrawn.length === 0;

/** Of steps' rows what a run changes, column by column, as the journal's statement takes them. */
export const stepColumns = (steps: readonly StepState[]): string[] => columns.map((column) => arrayText(steps.map(column)));

const columns: readonly ((step: StepState) => string | number | null)[] = [
  ({ node }) => node.ordinal,
  ({ status }) => status,
  ({ attempt }) => attempt,
  ({ progressPercent }) => progressPercent,
  ({ message }) => (message === null ? null : toText(message)),
  ({ errors }) => toTexts(errors),
  ({ warnings }) => toTexts(warnings),
  ({ result }) => (result === null ? null : toJsonb(result)),
  ({ startedAt }) => startedAt,
  ({ endedAt }) => endedAt,
  ({ dueAt }) => dueAt,
];

/** What an Int of the API and its column hold; who writes more is told "at least". */
const largestInt = 2 ** 31 - 1;

/** Output of one write, per step once: the statement can't update one row twice. */
export function outputsOf(batch: Batch): unknown[] {
  const byStep = new Map<number, { ordinal: number; text: string; total: number }>();
  for (const { ordinal, text, total } of batch.outputs) {
    byStep.set(ordinal, { ordinal, text: (byStep.get(ordinal)?.text ?? "") + text, total: Math.min(total, largestInt) });
  }
  return [...byStep.values()];
}

export const stepChanged = (step: StepState): RecoveryEvent => ({
  kind: "STEP_CHANGED",
  ordinal: step.node.ordinal,
  path: step.node.path,
  stepKind: step.node.kind,
  name: step.node.name,
  status: step.status,
  attempt: step.attempt,
  progressPercent: step.progressPercent,
  message: step.message,
  errors: step.errors,
  warnings: step.warnings,
  vmId: step.node.vmId,
  groupId: step.node.groupId,
  siteId: step.node.siteId,
});

/** The step as it is now goes into the write, with an event. */
export function noteStep(batch: Batch, step: StepState): void {
  batch.steps.set(step.node.ordinal, step);
  batch.events.push(stepChanged(step));
}
