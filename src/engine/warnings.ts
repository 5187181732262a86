/** Every code of a warning or a fault, what it means, and what to do about it: one registry for runs, plans and the API's documentation. */
import type { RunWarning } from "./run-snapshot.ts";

export interface CodeMeaning {
  readonly meaning: string;
  readonly remedy: string;
}

export const warningCodes = {
  // what a run mentions
  SYNC_IGNORED: {
    meaning: "The protected site is disconnected, so nothing was synchronised; the newest complete recovery points are used.",
    remedy: "Start the run again when the site is back, if newer data matters.",
  },
  SYNC_FAILED: {
    meaning: "A group could not be synchronised; its newest complete recovery point is used instead.",
    remedy: "Look at the step's message and at the group's replication.",
  },
  DEPENDENCY_OUTSIDE_RUN: {
    meaning: "A VM depends on one that is not part of this run, and does not wait for it.",
    remedy: "Add the other VM's group to the plan, or remove the dependency.",
  },
  CAPABILITY_MISSING: {
    meaning: "Something that a VM's settings ask for is not possible at the recovery site.",
    remedy: "Change the VM's recovery settings, or recover to a site whose provider can.",
  },
  GUEST_COMMAND_TOO_EARLY: {
    meaning: "A command in the guest is set for before power-on, when there is no guest; it is left out.",
    remedy: "Make it a post-power-on command.",
  },
  IP_RULE_UNMATCHED: {
    meaning: "An IP rule matches none of the VM's adapters and has no effect.",
    remedy: "Correct the rule's adapter or source address.",
  },
  VM_NOT_CONFIGURED: {
    meaning: "A VM has no placeholder at the recovery site and is left out of the run.",
    remedy: "Configure the VM's protection.",
  },
  OUTCOME_UNKNOWN: {
    meaning: "The gateway died while a command ran, so nobody knows what it did; it is not marked rerunnable and was not run again.",
    remedy: "Check what the command did; mark it rerunnable if running it twice does no harm.",
  },
  READY_TIMED_OUT: {
    meaning: "A VM is on but did not pass its ready check in time; the run went on.",
    remedy: "Look at the VM; give it more time or another ready check.",
  },
  STEP_WARNING: {
    meaning: "A step did not end as it should have, and the run went on as its settings say.",
    remedy: "Look at the step's message and output.",
  },
  LEFTOVERS: {
    meaning: "Things that a test made could not be removed and are still at the recovery site.",
    remedy: "Run the cleanup again, or remove what is listed by hand.",
  },
  SITE_NOT_ASKED: {
    meaning: "The recovery site did not answer when a forced cleanup started, so only what the test has recorded is removed.",
    remedy: "When the site answers again, look at the plan's leftovers, and run the cleanup again if there are any.",
  },
  UNFENCED: {
    meaning:
      "The protected site can't be reached, so nothing keeps its VMs from running beside the recovered ones; somebody has accepted that.",
    remedy: "Make sure that the originals are off; those that are found running when the site comes back are named and powered off.",
  },
  NEVER_REVERSED: {
    meaning:
      "A planned failover, which is meant for the way back, of a plan that no reprotect has turned round: it recovers in the plan's first direction.",
    remedy: "Look whether this is the direction that you want.",
  },
  GROUP_LEFT_OUT: {
    meaning: "The plan goes back to the other site, and a group of it has not been replicated there: it is not part of the run.",
    remedy: "Reprotect the plan again once the site that the group runs at is back.",
  },
  PROMPT_TIMED_OUT: {
    meaning: "Nobody answered a prompt in time; its default answer was taken.",
    remedy: "Give the prompt more time, or take care that somebody watches the run.",
  },
  PROTECTED_SITE_FAILED: {
    meaning: "Something that a disaster recovery wanted done at the protected site was not done there; the run went on without.",
    remedy: "When the site is back, look at its VMs before anything else: one that still runs is shown as a split brain.",
  },
  FORMER_REPLICATION_NOT_STOPPED: {
    meaning: "A replicated set that is of no use any more could not be stopped.",
    remedy: "Stop it at its site by hand; nothing of the plan depends on it.",
  },
  UNPROTECTED_VM: {
    meaning: "A VM is on a datastore that a protection group replicates, and is not a member of the group.",
    remedy: "Add the VM to the group, or move it to another datastore.",
  },
  // what is wrong with a group or its VMs
  REPLICATION_FAILED: {
    meaning: "Replication could not be configured, or the first synchronisation failed.",
    remedy: "Mend what the message names. A group whose creation failed is deleted and created anew; a VM is removed and added again.",
  },
  PLACEHOLDER_FAILED: {
    meaning: "A VM's placeholder at the recovery site could not be made or removed, so the VM can't be recovered.",
    remedy: "Mend what the message names; then remove the VM from the group and add it again.",
  },
  NOT_RECOVERED: {
    meaning: "A recovery ended before the group was recovered, and has changed things at the protected site already.",
    remedy: "Mend what the message names and run the recovery again, or accept it as it is.",
  },
  REPROTECT_FAILED: {
    meaning: "A recovered group could not be protected in the other direction.",
    remedy: "Mend what the message names and reprotect again: only what failed is done anew.",
  },
  PROTECTION_ENDED: {
    meaning:
      "The group was recovered and can't be reprotected: the site that it came from is gone for good, or none of its VMs is recovered.",
    remedy: "Delete the group, and protect its VMs anew, with another pair of sites where one is gone.",
  },
  VM_NOT_RECOVERED: {
    meaning: "A VM was not recovered with its group, so it is not protected in the direction that the group has now.",
    remedy: "Remove it from the group; protect it anew if it is still needed.",
  },
  GROUP_DELETE_FAILED: {
    meaning: "A protection group could not be deleted: something of it is still at the recovery site.",
    remedy: "Mend what the message names and delete the group again, with force if it can't be mended.",
  },
  // what keeps a plan from starting
  EMPTY: {
    meaning: "The plan has no protected VM that could be recovered.",
    remedy: "Add protection groups with configured VMs to the plan.",
  },
  MAPPING_MISSING: {
    meaning: "A network, folder or resource pool that a VM uses is not mapped to the recovery site.",
    remedy: "Map it, in the inventory or for the VM.",
  },
  DUPLICATE_ADDRESS: {
    meaning: "Two adapters of the plan are to get the same address.",
    remedy: "Give each adapter of the plan an address of its own.",
  },
  NO_RECOVERY_POINT: {
    meaning: "A group has no complete recovery point.",
    remedy: "Start with syncData, or wait for the group's next replication.",
  },
  DEPENDENCY_CYCLE: {
    meaning: "VMs wait for each other, by dependencies, priorities or priority groups, and none could start.",
    remedy: "Remove one of the named dependencies, or change a priority.",
  },
  GROUP_IN_USE: {
    meaning: "A protection group of this plan is being changed, or another plan's run works on it.",
    remedy: "Wait for that run to end, or cancel it.",
  },
  MIXED_DIRECTION: {
    meaning: "The plan's protection groups are protected in different directions.",
    remedy: "Reprotect or fail back the groups that differ, or move them to another plan.",
  },
  GROUP_RECOVERED_ELSEWHERE: {
    meaning: "A protection group was recovered by another plan.",
    remedy: "Finish that plan's recovery with reprotect.",
  },
  SITE_DISCONNECTED: {
    meaning: "A site can't be reached.",
    remedy: "Restore the connection; a disaster recovery is possible without the protected site.",
  },
  SPLIT_BRAIN: {
    meaning: "A recovered VM's original is not proven off: both may run.",
    remedy: "Decide with resolveSplitBrain which one is kept.",
  },
  MISSING_AT_SOURCE: {
    meaning: "A protected VM no longer exists at its source; it can still be recovered from its replica.",
    remedy: "Recover it, or remove it from its protection group.",
  },
  // what a preview finds before the start
  SCRIPT_MISSING: {
    meaning: "A command names a program that is not in the scripts folder, or can't be run from there; its step would fail.",
    remedy: "Put the program into the scripts folder (SCRIPTS_DIR) and make it executable, or correct the command.",
  },
  SECRET_MISSING: {
    meaning: "A command in a guest needs a secret that is not there; its step would fail.",
    remedy: "Put the secret into the secrets folder (SECRETS_DIR), or correct the command's passwordSecretId.",
  },
  ADDRESS_IN_USE: {
    meaning: "A VM is to get an address that another machine at the recovery site has.",
    remedy: "Change the VM's IP rule, or give the other machine another address.",
  },
  INVENTORY_MISSING: {
    meaning: "A network, folder, resource pool or datastore that VMs would be put on is no longer listed at the recovery site.",
    remedy: "Put it back at its site, or map to another one.",
  },
  MEMORY_SHORT: {
    meaning: "A resource pool at the recovery site has a memory limit below what its running VMs and those of the plan need together.",
    remedy: "Raise the pool's limit, power VMs of the pool off, or map to another pool.",
  },
  CPU_SHORT: {
    meaning: "A resource pool at the recovery site has a CPU limit below what its running VMs and those of the plan may use together.",
    remedy: "Raise the pool's limit, or expect VMs to be slow.",
  },
  DATASTORE_SHORT: {
    meaning: "A datastore at the recovery site has less free room than the run's VMs need.",
    remedy: "Free room on the datastore, or extend it.",
  },
  RPO_VIOLATION: {
    meaning: "A group's newest complete recovery point is older than its RPO.",
    remedy: "Look at the group's replication, and synchronise it before the start if its site is there.",
  },
} as const satisfies Record<string, CodeMeaning>;

export type WarningCode = keyof typeof warningCodes;

/** A warning of the registry, about something named in its message. */
export const runWarning = (code: WarningCode, message: string, object?: string): RunWarning & { readonly code: WarningCode } => ({
  code,
  ...(object === undefined ? {} : { object }),
  message,
});
