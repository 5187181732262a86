/** Every kind of step that does something; delays, prompts and pauses only wait, and are the run's own (waits.ts). */
import type { LeafKind, LeafNode, StepEnd, WaitKind } from "../model.ts";
import { command } from "./command.ts";
import { createSnapshot } from "./create-snapshot.ts";
import { createTestNetwork } from "./create-test-network.ts";
import { customiseIp } from "./customise-ip.ts";
import { discoverDatastores } from "./discover-datastores.ts";
import { guestCommand } from "./guest-command.ts";
import type { StepContext, StepKind } from "./kind.ts";
import { leakAudit } from "./leak-audit.ts";
import { createPlaceholder, demoteVm, removePlaceholder } from "./placeholder.ts";
import { powerOff, powerOn } from "./power.ts";
import { promoteStorage } from "./promote-storage.ts";
import { probe, readyCheck } from "./ready-check.ts";
import { registerVm } from "./register-vm.ts";
import { discardSnapshot, removeNetwork, removeVm, restorePlaceholder } from "./remove.ts";
import {
  addToReplication,
  changeStorage,
  configureReplication,
  removeFromReplication,
  reverseReplication,
  stopReplication,
} from "./replication.ts";
import { checkOriginalsOff, fenceSite, powerOnSource, setStorageReadOnly, setStorageWritable, shutDownVm } from "./source.ts";
import { synchronise } from "./synchronise.ts";

export type ActingKind = Exclude<LeafKind, WaitKind>;

const kinds: { readonly [K in ActingKind]: StepKind<K> } = {
  SYNCHRONISE: synchronise,
  CREATE_SNAPSHOT: createSnapshot,
  CREATE_TEST_NETWORK: createTestNetwork,
  SHUT_DOWN_VM: shutDownVm,
  FENCE_SITE: fenceSite,
  SET_STORAGE_READ_ONLY: setStorageReadOnly,
  SET_STORAGE_WRITABLE: setStorageWritable,
  PROMOTE_STORAGE: promoteStorage,
  POWER_ON_SOURCE: powerOnSource,
  CHECK_ORIGINALS_OFF: checkOriginalsOff,
  REVERSE_REPLICATION: reverseReplication,
  DEMOTE_VM: demoteVm,
  PROBE: probe,
  COMMAND: command,
  GUEST_COMMAND: guestCommand,
  REGISTER_VM: registerVm,
  CUSTOMISE_IP: customiseIp,
  POWER_ON: powerOn,
  READY_CHECK: readyCheck,
  POWER_OFF: powerOff,
  REMOVE_VM: removeVm,
  RESTORE_PLACEHOLDER: restorePlaceholder,
  DISCARD_SNAPSHOT: discardSnapshot,
  REMOVE_NETWORK: removeNetwork,
  DISCOVER_DATASTORES: discoverDatastores,
  CONFIGURE_REPLICATION: configureReplication,
  CHANGE_STORAGE: changeStorage,
  ADD_TO_REPLICATION: addToReplication,
  REMOVE_FROM_REPLICATION: removeFromReplication,
  STOP_REPLICATION: stopReplication,
  CREATE_PLACEHOLDER: createPlaceholder,
  REMOVE_PLACEHOLDER: removePlaceholder,
  LEAK_AUDIT: leakAudit,
};

/** Does what the step is there for. */
export function perform<K extends ActingKind>(step: { kind: K; spec: LeafNode<K>["spec"] }, context: StepContext): Promise<StepEnd> {
  const kind: StepKind<K> = kinds[step.kind];
  return kind(step.spec, context);
}
