/** The table of a plan's lifecycles: which operations each allows, and where they lead. Everything that is not named here is refused. */
import type { PlanLifecycle } from "../../../src/database/generated/enums.ts";
import type { Operation } from "../../../src/domain/operations.ts";
import type { Scene, Scenes } from "./lifecycle-scenes.ts";

export interface Standing {
  readonly lifecycle: PlanLifecycle;
  /** How the plan came to stand there, or what its run does. */
  readonly how: string;
  readonly scene: (scenes: Scenes) => Promise<Scene>;
  /** Where each leads; beside `everywhere`. */
  readonly allows: Partial<Record<Operation, PlanLifecycle>>;
  /** Refused with PRECONDITION_FAILED and this reason; all others with CONFLICT. */
  readonly needs?: Partial<Record<Operation, string>>;
}

/** These concern the next run, and are possible whatever this one does. */
export const everywhere: readonly Operation[] = [
  "CONFIGURE_VM_RECOVERY_SETTINGS",
  "CONFIGURE_VM_NETWORK_MAPPINGS",
  "UPDATE_DRILL",
  "DELETE_DRILL",
];

type Leading = Partial<Record<Operation, PlanLifecycle>>;
const staying = (lifecycle: PlanLifecycle, ...operations: readonly Operation[]): Leading =>
  Object.fromEntries(operations.map((operation) => [operation, lifecycle]));
const recovering = (...operations: readonly Operation[]) => staying("RECOVERY_IN_PROGRESS", ...operations);

const cleaning: Leading = { CLEANUP_TEST: "CLEANUP_IN_PROGRESS", FORCE_CLEANUP_TEST: "CLEANUP_IN_PROGRESS" };
/** The plan may be changed as long as no run has it, but keeps the groups of an unfinished one. */
const edits: readonly Operation[] = ["UPDATE_PLAN", "ADD_PROTECTION_GROUP", "CONFIGURE_PRIORITY_GROUPS"];
const ofGroups: readonly Operation[] = [
  "UPDATE_PROTECTION_GROUP",
  "FORCE_DELETE_PROTECTION_GROUP",
  "ADD_PROTECTED_VMS",
  "REMOVE_PROTECTED_VM",
];
const control: readonly Operation[] = ["CANCEL_RECOVERY", "CANCEL_TASK", "PAUSE_RECOVERY", "ANSWER_PROMPT", "WITHDRAW_PROMPT_ANSWER"];
const decisions: readonly Operation[] = ["RETRY_STEP", "SKIP_STEP"];
const cancels: readonly Operation[] = ["CANCEL_RECOVERY", "CANCEL_TASK"];
const noWayBack = { START_DISASTER_RECOVERY: "NO_RECOVERY_POINT" };

const ready: Leading = {
  START_TEST: "TEST_IN_PROGRESS",
  RUN_DRILL_NOW: "TEST_IN_PROGRESS",
  ...recovering("START_PLANNED_RECOVERY", "START_PLANNED_FAILOVER", "START_DISASTER_RECOVERY"),
  ...staying("READY", ...edits, "REMOVE_PROTECTION_GROUP", ...ofGroups),
};
const duringTest = (...operations: readonly Operation[]): Leading => ({
  ...recovering("START_DISASTER_RECOVERY"),
  ...staying("TEST_IN_PROGRESS", ...operations),
});

export const table: readonly Standing[] = [
  {
    lifecycle: "READY",
    how: "after a test and its cleanup",
    scene: (scenes) => scenes.cleanedUp("READY"),
    allows: { ...ready, ...staying("READY", "DELETE_PLAN") },
  },
  {
    lifecycle: "READY",
    how: "with leftovers of a forced cleanup",
    scene: (scenes) => scenes.withLeftovers(),
    allows: { ...ready, ...cleaning },
  },
  {
    lifecycle: "TEST_IN_PROGRESS",
    how: "asking",
    scene: (scenes) => scenes.running("TEST"),
    allows: duringTest(...control),
  },
  {
    lifecycle: "TEST_IN_PROGRESS",
    how: "paused at a failed step",
    scene: (scenes) => scenes.pausedAtFailure("TEST"),
    allows: duringTest(...control, ...decisions),
  },
  {
    lifecycle: "TEST_IN_PROGRESS",
    how: "paused by an operator",
    scene: (scenes) => scenes.pausedByOperator("TEST"),
    allows: duringTest(...cancels, "RESUME_RECOVERY", "ANSWER_PROMPT", "WITHDRAW_PROMPT_ANSWER"),
  },
  {
    lifecycle: "TEST_IN_PROGRESS",
    how: "being cancelled",
    scene: (scenes) => scenes.cancelling("TEST"),
    allows: duringTest(...cancels),
  },
  {
    lifecycle: "TEST_COMPLETE",
    how: "with what the test has made",
    scene: (scenes) => scenes.tested(),
    allows: { ...cleaning, ...recovering("START_DISASTER_RECOVERY"), ...staying("TEST_COMPLETE", ...edits) },
  },
  {
    lifecycle: "CLEANUP_IN_PROGRESS",
    how: "cleaning up",
    scene: (scenes) => scenes.cleaningUp(),
    allows: recovering("START_DISASTER_RECOVERY"),
  },
  {
    lifecycle: "CLEANUP_INCOMPLETE",
    how: "with what could not be removed",
    scene: (scenes) => scenes.cleanedUp("CLEANUP_INCOMPLETE"),
    allows: { ...cleaning, ...recovering("START_DISASTER_RECOVERY"), ...staying("CLEANUP_INCOMPLETE", ...edits) },
  },
  {
    lifecycle: "RECOVERY_IN_PROGRESS",
    how: "planned",
    scene: (scenes) => scenes.running("PLANNED"),
    allows: staying("RECOVERY_IN_PROGRESS", ...control, "SWITCH_TO_DISASTER"),
  },
  {
    lifecycle: "RECOVERY_IN_PROGRESS",
    how: "planned and paused at a failed step",
    scene: (scenes) => scenes.pausedAtFailure("PLANNED"),
    allows: staying("RECOVERY_IN_PROGRESS", ...control, ...decisions, "SWITCH_TO_DISASTER"),
  },
  {
    lifecycle: "RECOVERY_IN_PROGRESS",
    how: "from a disaster",
    scene: (scenes) => scenes.running("DISASTER"),
    allows: staying("RECOVERY_IN_PROGRESS", ...control),
  },
  {
    lifecycle: "RECOVERY_INCOMPLETE",
    how: "after a planned recovery",
    scene: (scenes) => scenes.recovery("PLANNED", "RECOVERY_INCOMPLETE"),
    allows: {
      ...recovering("START_PLANNED_RECOVERY", "START_PLANNED_FAILOVER", "START_DISASTER_RECOVERY"),
      ...staying("RECOVERY_COMPLETE", "ACCEPT_RECOVERY"),
      ...staying("RECOVERY_INCOMPLETE", ...edits),
    },
  },
  {
    lifecycle: "RECOVERY_INCOMPLETE",
    how: "after a disaster recovery",
    scene: (scenes) => scenes.recovery("DISASTER", "RECOVERY_INCOMPLETE"),
    allows: {
      ...recovering("START_DISASTER_RECOVERY"),
      ...staying("RECOVERY_COMPLETE", "ACCEPT_RECOVERY"),
      ...staying("RECOVERY_INCOMPLETE", ...edits),
    },
  },
  {
    lifecycle: "RECOVERY_COMPLETE",
    how: "after a planned recovery",
    scene: (scenes) => scenes.recovery("PLANNED", "RECOVERY_COMPLETE"),
    allows: {
      START_REPROTECT: "REPROTECT_IN_PROGRESS",
      ...staying("RECOVERY_COMPLETE", ...edits, "UPDATE_PROTECTION_GROUP"),
    },
    needs: noWayBack,
  },
  {
    lifecycle: "RECOVERY_COMPLETE",
    how: "with machines that run on both sites",
    scene: (scenes) => scenes.splitBrain(),
    allows: staying("RECOVERY_COMPLETE", ...edits, "UPDATE_PROTECTION_GROUP", "RESOLVE_SPLIT_BRAIN"),
    needs: { ...noWayBack, START_REPROTECT: "SPLIT_BRAIN" },
  },
  {
    lifecycle: "RECOVERY_COMPLETE",
    how: "with a test that a disaster recovery has stopped",
    scene: (scenes) => scenes.recoveredPastTest(),
    allows: {
      START_REPROTECT: "REPROTECT_IN_PROGRESS",
      ...staying("RECOVERY_COMPLETE", "CLEANUP_TEST", "FORCE_CLEANUP_TEST"),
      ...staying("RECOVERY_COMPLETE", ...edits, "UPDATE_PROTECTION_GROUP"),
    },
    needs: noWayBack,
  },
  {
    lifecycle: "REPROTECT_IN_PROGRESS",
    how: "reprotecting",
    scene: (scenes) => scenes.reprotecting(),
    allows: staying("REPROTECT_IN_PROGRESS", ...cancels),
    needs: noWayBack,
  },
  {
    lifecycle: "REPROTECT_INCOMPLETE",
    how: "with a group that has turned and one that has not",
    scene: (scenes) => scenes.halfTurned(),
    allows: {
      START_REPROTECT: "REPROTECT_IN_PROGRESS",
      ...recovering("START_DISASTER_RECOVERY"),
      ...staying("REPROTECT_INCOMPLETE", ...edits),
    },
  },
  {
    lifecycle: "REPROTECT_INCOMPLETE",
    how: "with groups that have not been turned",
    scene: (scenes) => scenes.partlyReprotected(),
    allows: { START_REPROTECT: "REPROTECT_IN_PROGRESS", ...staying("REPROTECT_INCOMPLETE", ...edits) },
    needs: noWayBack,
  },
];
