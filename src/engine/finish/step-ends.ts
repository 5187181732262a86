/** What the ends of recoveries and reprotects ask of their steps. */
import type { StepState } from "../batch.ts";
import { isContainer, type ResultState } from "../model.ts";
import { textOf } from "../steps/kind.ts";

/** When a step was over, in milliseconds since 1970, also in an earlier run; null: it never was. */
export function doneAt({ status, endedAt, result }: StepState): number | null {
  const earlier = status === "ALREADY_DONE" ? textOf(result, "doneAt") : null;
  return earlier === null ? endedAt : Date.parse(earlier);
}

/** The first failure among these, in words; null: nothing has failed. */
export function whyNot(steps: readonly StepState[]): string | null {
  const failed = steps.find(({ node, status }) => !isContainer(node) && status === "FAILED");
  return failed === undefined ? null : `${failed.node.name}: ${failed.message ?? "it failed"}`;
}

/** Of one group. `whole`: all that was to be done for it is done; `some`: part of it is. */
export function groupResult(end: {
  readonly whole: boolean;
  readonly some: boolean;
  readonly warned: boolean;
  readonly cancelled: boolean;
}): ResultState {
  if (end.whole) return end.warned ? "WARNING" : "SUCCESS";
  if (end.cancelled) return "CANCELLED";
  return end.some ? "PARTIAL" : "FAILED";
}
