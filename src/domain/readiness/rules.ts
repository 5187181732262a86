/** Every rule that a plan's readiness is judged by: one registry for the evaluation, the schema and docs/readiness.md. */
import { type WarningCode, warningCodes } from "../../engine/warnings.ts";
import { remedies } from "../faults.ts";

export interface Rule {
  /** When it is a BLOCKER; the other one otherwise. */
  readonly severity: "BLOCKER" | "WARNING" | "BLOCKER for a disaster recovery, else WARNING";
  readonly meaning: string;
  readonly remedy: string;
}

const byRun = "BLOCKER for a disaster recovery, else WARNING";
const known = (code: WarningCode, severity: Rule["severity"]): Rule => ({ severity, ...warningCodes[code] });

export const rules = {
  // what a start would be refused for, or would fail for on its way
  ADDRESS_IN_USE: known("ADDRESS_IN_USE", byRun),
  CAPABILITY_MISSING: known("CAPABILITY_MISSING", byRun),
  CPU_SHORT: known("CPU_SHORT", "WARNING"),
  DATASTORE_SHORT: known("DATASTORE_SHORT", byRun),
  DEPENDENCY_CYCLE: known("DEPENDENCY_CYCLE", byRun),
  DEPENDENCY_OUTSIDE_RUN: known("DEPENDENCY_OUTSIDE_RUN", "WARNING"),
  DUPLICATE_ADDRESS: known("DUPLICATE_ADDRESS", byRun),
  EMPTY: known("EMPTY", "BLOCKER"),
  INVENTORY_MISSING: known("INVENTORY_MISSING", byRun),
  IP_RULE_UNMATCHED: known("IP_RULE_UNMATCHED", "WARNING"),
  MAPPING_MISSING: known("MAPPING_MISSING", "BLOCKER"),
  MEMORY_SHORT: known("MEMORY_SHORT", byRun),
  MISSING_AT_SOURCE: known("MISSING_AT_SOURCE", "WARNING"),
  NO_RECOVERY_POINT: {
    severity: "BLOCKER",
    meaning: "A group has no complete recovery point: of a site that is lost, nothing of it could be recovered.",
    remedy: "Wait for the group's next replication; if none succeeds, see what keeps it from that.",
  },
  SCRIPT_MISSING: known("SCRIPT_MISSING", byRun),
  SECRET_MISSING: known("SECRET_MISSING", byRun),
  VM_NOT_CONFIGURED: known("VM_NOT_CONFIGURED", "WARNING"),
  OTHER: {
    severity: byRun,
    meaning: "Something that this release has no rule of its own for; the message says what it is.",
    remedy: "Do what the finding's own remedy says.",
  },
  // how the plan, its groups and its sites stand
  GROUP_DELETED: { severity: "WARNING", meaning: "A protection group of the plan was deleted with force.", remedy: remedies.GROUP_DELETED },
  GROUP_IN_USE: known("GROUP_IN_USE", "BLOCKER"),
  GROUP_NOT_READY: {
    severity: "BLOCKER",
    meaning: "A protection group of the plan is not READY, or in ERROR.",
    remedy: "Look at the faults of the group and mend them, or take it out of the plan.",
  },
  GROUP_RECOVERED_ELSEWHERE: known("GROUP_RECOVERED_ELSEWHERE", "BLOCKER"),
  LEFTOVERS: known("LEFTOVERS", "WARNING"),
  MIXED_DIRECTION: known("MIXED_DIRECTION", "BLOCKER"),
  NEEDS_CLEANUP: {
    severity: "WARNING",
    meaning: "The last test, or what its cleanup left, has not been cleaned up.",
    remedy: remedies.NEEDS_CLEANUP,
  },
  NEEDS_REPROTECT: {
    severity: "BLOCKER",
    meaning: "The plan was recovered and is not protected where it runs now.",
    remedy: "Reprotect the plan (startReprotect).",
  },
  RECOVERY_UNDER_WAY: {
    severity: "BLOCKER",
    meaning: "The plan is being recovered or reprotected. Until that has ended the other findings stay as they were.",
    remedy: "Wait until the run has ended.",
  },
  RUN_INCOMPLETE: {
    severity: "BLOCKER",
    meaning: "The last recovery or reprotect did not do everything.",
    remedy: "Run it again, or accept the recovery as it is (acceptRecovery).",
  },
  SITE_DISCONNECTED: {
    severity: "BLOCKER for a disaster recovery, else WARNING",
    meaning: "A site can't be reached: a BLOCKER of the recovery site, a WARNING of the protected one.",
    remedy: remedies.SITE_DISCONNECTED,
  },
  SITE_NOT_ANSWERING: {
    severity: "BLOCKER",
    meaning: "The recovery site is connected, and does not answer what it is asked before a run.",
    remedy: "See why the site's provider does not answer; a run can't be started before it does.",
  },
  SITE_PARTIALLY_CONNECTED: {
    severity: "WARNING",
    meaning: "A site answers only in part: its replication or one of its managers is down.",
    remedy: remedies.SITE_PARTIALLY_CONNECTED,
  },
  SPLIT_BRAIN: known("SPLIT_BRAIN", "BLOCKER"),
  UNPROTECTED_VM: known("UNPROTECTED_VM", "WARNING"),
  VM_FAULT: { severity: "WARNING", meaning: "VMs of a group have faults.", remedy: remedies.VM_FAULT },
  // replication
  REPLICATION_FAILED: {
    severity: "WARNING",
    meaning: "The last replication cycle of a group failed; the message says why.",
    remedy: "Mend what the message names; the group is replicated again by itself.",
  },
  RPO_CRITICAL: {
    severity: "BLOCKER",
    meaning: "The replica of VMs is older than three times the RPO of their group.",
    remedy: remedies.RPO_VIOLATION,
  },
  RPO_VIOLATION: {
    severity: "WARNING",
    meaning: "The replica of VMs, or a group's newest complete recovery point, is older than the group's RPO.",
    remedy: remedies.RPO_VIOLATION,
  },
  // what tests have shown
  CHANGED_SINCE_TEST: {
    severity: "WARNING",
    meaning: "The plan is not what its last successful test has tested; changesSinceLastTest says what has changed.",
    remedy: "Test the plan again (startRecovery with TEST).",
  },
  NEVER_TESTED: {
    severity: "WARNING",
    meaning: "No test of the plan has come to an end.",
    remedy: "Test the plan (startRecovery with TEST).",
  },
  RTO_OVER_TARGET: {
    severity: "WARNING",
    meaning: "A disaster recovery is expected to take longer than the plan's rtoTargetSeconds.",
    remedy: "Shorten what criticalPath of previewRecovery names (delays, ready checks, prompts), or raise rtoTargetSeconds.",
  },
  TEST_FAILED: {
    severity: "WARNING",
    meaning: "The last test that came to an end failed, or failed in part. A cancelled one does not count.",
    remedy: "See the test's failed steps, mend what they name, and test the plan again.",
  },
  TEST_TOO_OLD: {
    severity: "WARNING",
    meaning: "The last successful test is longer ago than READINESS_TEST_DAYS (90 by default).",
    remedy: "Test the plan again (startRecovery with TEST).",
  },
  UNTESTED_STEPS: {
    severity: "WARNING",
    meaning: "Steps or commands of the plan have run well in none of its successful tests; untestedSteps names them.",
    remedy:
      "Test the plan with its commands. Tests leave out what runs at the protected site: give such a command runInTest, if it does no harm there (configurePriorityGroups, with all steps of its phase: it replaces the phase whole).",
  },
} as const satisfies Record<string, Rule>;

export type ReadinessCode = keyof typeof rules;

export const isReadinessCode = (code: string): code is ReadinessCode => Object.hasOwn(rules, code);
