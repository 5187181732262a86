import type { StepNode } from "./model.ts";
import type { RunWarning } from "./run-snapshot.ts";
import { runWarning, type WarningCode } from "./warnings.ts";

const codes: Partial<Record<StepNode["kind"], WarningCode>> = {
  SYNCHRONISE: "SYNC_FAILED",
  READY_CHECK: "READY_TIMED_OUT",
  LEAK_AUDIT: "LEFTOVERS",
  DISCOVER_DATASTORES: "UNPROTECTED_VM",
  PROMPT: "PROMPT_TIMED_OUT",
  FENCE_SITE: "PROTECTED_SITE_FAILED",
  SHUT_DOWN_VM: "PROTECTED_SITE_FAILED",
  SET_STORAGE_READ_ONLY: "PROTECTED_SITE_FAILED",
  STOP_REPLICATION: "FORMER_REPLICATION_NOT_STOPPED",
};

/** A step's warning as the run tells it: with a code, and with the step's name, since it stands alone there. */
export function stepWarning(node: StepNode, message: string): RunWarning {
  // Of a reprotect it is the former set, inside its group's container; a group's own run stops the only one.
  const ofOwnRun = node.kind === "STOP_REPLICATION" && node.parent === null;
  const known = ofOwnRun ? undefined : codes[node.kind];
  const code = message.startsWith("OUTCOME_UNKNOWN") ? "OUTCOME_UNKNOWN" : (known ?? "STEP_WARNING");
  return runWarning(code, `${node.path} ${node.name}: ${message}`);
}
