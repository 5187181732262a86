import type { StepKindName } from "../../engine/model.ts";
import { builder } from "../builder.ts";

const kinds = {
  SYNCHRONISE_STORAGE: { description: "Holds the synchronisations of all groups." },
  SYNCHRONISE: { description: "Copies what has changed of a group; makes a recovery point." },
  CREATE_SNAPSHOTS: { description: "Holds the snapshots of all groups." },
  CREATE_SNAPSHOT: { description: "Makes a writable copy of a group at a recovery point." },
  PREPARE_TEST_NETWORKS: { description: "Holds the isolated networks of a test." },
  CREATE_TEST_NETWORK: { description: "Makes an isolated network for a test." },
  PRIORITY_GROUP: { description: "Holds a priority group: steps before, VMs, steps after." },
  VM: { description: "Holds everything that is done for one VM." },
  STARTUP_DELAY: { description: "Waits the VM's startup delay." },
  COMMAND: { description: "Runs a program at a site." },
  GUEST_COMMAND: { description: "Runs a program in a guest." },
  REGISTER_VM: { description: "Registers the VM in its placeholder's place." },
  CUSTOMISE_IP: { description: "Gives the VM's adapters their addresses." },
  POWER_ON: { description: "Powers the VM on." },
  READY_CHECK: { description: "Waits until the VM is ready." },
  PROMPT: { description: "Waits for the answer of a person." },
  PAUSE: { description: "Waits for a time, or until somebody resumes." },
  REMOVE_TEST_VMS: { description: "Holds the removal of a test's VMs." },
  POWER_OFF: { description: "Powers a VM off." },
  REMOVE_VM: { description: "Removes a VM with its disks." },
  RESTORE_PLACEHOLDERS: { description: "Holds the restoring of placeholders." },
  RESTORE_PLACEHOLDER: { description: "Puts a placeholder back as it was." },
  DISCARD_TEST_STORAGE: { description: "Holds the removal of a test's snapshots and networks." },
  DISCARD_SNAPSHOT: { description: "Discards a test's snapshot." },
  REMOVE_NETWORK: { description: "Removes a test's isolated network." },
  DISCOVER_DATASTORES: { description: "Looks at what is on a protection group's datastores." },
  CONFIGURE_REPLICATION: { description: "Sets up the replication of a protection group." },
  CHANGE_STORAGE: { description: "Changes the datastores that a protection group replicates." },
  ADD_TO_REPLICATION: { description: "Adds VMs to the replication of their protection group." },
  REMOVE_FROM_REPLICATION: { description: "Takes VMs out of the replication of their protection group." },
  STOP_REPLICATION: { description: "Stops the replication of a protection group and drops its recovery points." },
  CREATE_PLACEHOLDERS: { description: "Holds the making of placeholders." },
  CREATE_PLACEHOLDER: { description: "Keeps a VM's place at the recovery site." },
  REMOVE_PLACEHOLDERS: { description: "Holds the removal of placeholders." },
  REMOVE_PLACEHOLDER: { description: "Gives up a VM's place at the recovery site." },
  LEAK_AUDIT: { description: "Names whatever of the test is still there." },
} as const satisfies Record<StepKindName, { description: string }>;

export const isStepKind = (text: string): text is StepKindName => Object.hasOwn(kinds, text);

export const StepKind = builder.enumType("StepKind", {
  description: "What a step does. Expect kinds that are added later.",
  values: kinds,
});
