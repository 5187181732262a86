/** A plan's lifecycle: the history of its own runs, as a table. Whoever changes it asks here whether it may and what follows. */
import type { PlanLifecycle } from "../../database/generated/enums.ts";

export type PlanEvent =
  | "testStarted"
  | "testEnded"
  | "cleanupStarted"
  | "leftoversCleanupStarted"
  | "cleanupEnded"
  | "cleanupLeftSomething"
  | "recoveryStarted"
  | "disasterStarted"
  | "recoveryEnded"
  | "recoveryIncomplete"
  | "recoveryRolledBack"
  | "recoveryAccepted"
  | "nothingAccepted"
  | "reprotectStarted"
  | "reprotectEnded"
  | "reprotectIncomplete"
  | "reprotectForced";

/**
 * `recoveryStarted` is a planned one, or a rerun; a disaster recovery waits for neither drill nor reprotect.
 * `nothingAccepted`: a recovery was accepted of which no VM is recovered. `leftoversCleanupStarted` needs leftovers of a cleanup that was forced,
 * which the lifecycle itself does not tell.
 */
export const transitions: Record<PlanLifecycle, Partial<Record<PlanEvent, PlanLifecycle>>> = {
  READY: {
    testStarted: "TEST_IN_PROGRESS",
    leftoversCleanupStarted: "CLEANUP_IN_PROGRESS",
    recoveryStarted: "RECOVERY_IN_PROGRESS",
    disasterStarted: "RECOVERY_IN_PROGRESS",
  },
  TEST_IN_PROGRESS: { testEnded: "TEST_COMPLETE", disasterStarted: "RECOVERY_IN_PROGRESS" },
  TEST_COMPLETE: { cleanupStarted: "CLEANUP_IN_PROGRESS", disasterStarted: "RECOVERY_IN_PROGRESS" },
  CLEANUP_IN_PROGRESS: { cleanupEnded: "READY", cleanupLeftSomething: "CLEANUP_INCOMPLETE", disasterStarted: "RECOVERY_IN_PROGRESS" },
  CLEANUP_INCOMPLETE: { cleanupStarted: "CLEANUP_IN_PROGRESS", disasterStarted: "RECOVERY_IN_PROGRESS" },
  RECOVERY_IN_PROGRESS: {
    recoveryEnded: "RECOVERY_COMPLETE",
    recoveryIncomplete: "RECOVERY_INCOMPLETE",
    recoveryRolledBack: "READY",
  },
  RECOVERY_INCOMPLETE: {
    recoveryStarted: "RECOVERY_IN_PROGRESS",
    disasterStarted: "RECOVERY_IN_PROGRESS",
    recoveryAccepted: "RECOVERY_COMPLETE",
    nothingAccepted: "READY",
  },
  RECOVERY_COMPLETE: { reprotectStarted: "REPROTECT_IN_PROGRESS", disasterStarted: "RECOVERY_IN_PROGRESS" },
  REPROTECT_IN_PROGRESS: {
    reprotectEnded: "READY",
    reprotectIncomplete: "REPROTECT_INCOMPLETE",
    disasterStarted: "RECOVERY_IN_PROGRESS",
  },
  REPROTECT_INCOMPLETE: {
    reprotectStarted: "REPROTECT_IN_PROGRESS",
    reprotectForced: "READY",
    disasterStarted: "RECOVERY_IN_PROGRESS",
  },
};

/** Where the event leads, or null: it is not allowed now. */
export const afterEvent = (lifecycle: PlanLifecycle, event: PlanEvent): PlanLifecycle | null => transitions[lifecycle][event] ?? null;

/** What somebody does who meets a plan in this lifecycle and wanted something else. */
export const wayOn: Record<PlanLifecycle, string> = {
  READY: "Start a test or a recovery.",
  TEST_IN_PROGRESS: "Wait until the test has ended, or cancel it.",
  TEST_COMPLETE: "Clean up the last test first (cleanupTest).",
  CLEANUP_IN_PROGRESS: "Wait until the cleanup has ended.",
  CLEANUP_INCOMPLETE: "Clean up again (cleanupTest, with force if something can't be removed).",
  RECOVERY_IN_PROGRESS:
    "Wait until the recovery has ended, or cancel it; a planned one can be switched to a disaster recovery (switchToDisaster).",
  RECOVERY_INCOMPLETE: "Run the recovery again, or accept it as it is.",
  RECOVERY_COMPLETE: "Reprotect the plan first.",
  REPROTECT_IN_PROGRESS: "Wait until the reprotect has ended, or cancel it.",
  REPROTECT_INCOMPLETE: "Reprotect again.",
};
