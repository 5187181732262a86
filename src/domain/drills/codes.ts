/** Why a drill was not started, or how its test failed: one registry for the schema and docs/codes.md. */
import { ConflictError, type DomainError, PreconditionFailedError, ServiceUnavailableError } from "../errors.ts";

export const drillCodes = {
  ABORTED_BY_PROMPT: "A prompt was answered ABORT, by the drill's policy or by somebody.",
  BLACKOUT: "It was due within a black-out window.",
  CANCELLED: "Somebody has cancelled the test.",
  CONFLICT: "Something else was started at the same moment.",
  DRILL_CHANGED: "Its schedule was changed, or it was disabled, between its due time and its start.",
  GROUP_IN_USE: "Another run has a protection group of the plan, or has not been cleaned up.",
  LAG_TOO_HIGH: "A VM's replica was older than the drill tolerates.",
  MISSED: "No gateway looked at it in time; it is not caught up.",
  PLAN_BUSY: "Another run of the plan was under way.",
  PLAN_NOT_READY: "The plan's lifecycle allows no test, such as when the last one has not been cleaned up.",
  READINESS_BLOCKED: "The plan's readiness has a blocker that is in the way of a test.",
  RECOVERY_ON_PAIR: "A real recovery or a reprotect ran on the pair of sites.",
  SITE_UNAVAILABLE: "The recovery site did not answer.",
  START_FAILED: "The test could not be started because of an error of the gateway; its log says more.",
  STOPPED_FOR_DISASTER: "A disaster recovery of the plan has stopped the test.",
  TEST_FAILED: "VMs were not recovered, or the test failed otherwise.",
  TEST_ON_PAIR: "A test of another plan ran on the pair of sites, and one at a time may.",
  TIMED_OUT: "The test took longer than the drill's maxDurationSeconds, and was cancelled.",
} as const satisfies Record<string, string>;
export type DrillCode = keyof typeof drillCodes;

export interface Reason {
  /** A DrillCode, or the reason of a failed precondition. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const worksOnPair: ReadonlySet<string> = new Set(["PLANNED", "DISASTER", "REPROTECT"]);

/** `kindInTheWay`: of the run that a conflict names; null: it names none. */
export function reasonOf(error: DomainError, kindInTheWay: string | null): Reason {
  return { code: codeOf(error, kindInTheWay), message: error.message, remedy: error.remedy };
}

function codeOf(error: DomainError, kindInTheWay: string | null): string {
  if (error instanceof PreconditionFailedError) return error.reason;
  if (error instanceof ServiceUnavailableError) return "SITE_UNAVAILABLE" satisfies DrillCode;
  return error instanceof ConflictError ? conflictCode(error, kindInTheWay) : error.code;
}

/** What of a conflict's details is there tells what it is about: see open-runs.ts of the recoveries. */
function conflictCode({ details }: ConflictError, kindInTheWay: string | null): DrillCode {
  const { limit, lifecycle, activeRecoveryId, planName } = details;
  if (limit !== undefined) return "TEST_ON_PAIR";
  if (activeRecoveryId !== undefined) {
    if (lifecycle !== undefined) return "PLAN_BUSY";
    return kindInTheWay !== null && worksOnPair.has(kindInTheWay) ? "RECOVERY_ON_PAIR" : "GROUP_IN_USE";
  }
  if (lifecycle !== undefined) return lifecycle === "READY" ? "CONFLICT" : "PLAN_NOT_READY";
  return planName === undefined ? "CONFLICT" : "GROUP_IN_USE";
}
