/** Why a step was skipped: the first of those that it needs and that did not end well, as its message says it. */
import type { StepNode, StepStatus } from "../model.ts";

export function causeOf({ path, name }: Pick<StepNode, "path" | "name">, status: StepStatus): string {
  const verb = status === "FAILED" ? "failed" : status === "CANCELLED" ? "was cancelled" : "was skipped";
  return `${path} ${name} ${verb}`;
}
