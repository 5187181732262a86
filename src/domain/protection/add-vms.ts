/** VMs join a group, or members of it that are not configured are: all of them or none. */
import { v7 as newId } from "uuid";
import { checkId, type FieldErrors, fieldErrors } from "../field-errors.ts";
import { lockPair } from "../locks.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import { refuseProblemsOfGroup } from "../plans/service-graph.ts";
import { checkQuota } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkVms, readVms, type VmCandidate } from "./candidates.ts";
import { checkSameDirection, directionOf, findGroup, lockGroup } from "./groups.ts";
import { checkList } from "./input.ts";
import type { GroupFacts } from "./loaders-facts.ts";
import { newMembers } from "./members.ts";
import { groupRefusals } from "./operations.ts";
import { insertMembers, raiseVersion, targetsOf } from "./rows.ts";
import { insertGroupRun } from "./service-group-run.ts";
import { type AskedDirection, askSites } from "./sites.ts";
import { groupSnapshot } from "./snapshots.ts";
import { readStorage } from "./stored-storage.ts";

export interface AddVmsInput {
  readonly groupId: string;
  readonly vmIds: readonly string[];
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Ids of a group and of the run that changes its members. */
export interface GroupRun extends Readonly<Record<string, string>> {
  readonly groupId: string;
  readonly recoveryId: string;
}

const path = ["vmIds"];

export async function addVms(context: ServiceContext, viewer: Viewer, input: AddVmsInput): Promise<GroupRun> {
  const shape = fieldErrors();
  const groupId = checkId(shape, ["groupId"], "ProtectionGroup", input.groupId);
  const vmIds = checkList(shape, path, "VirtualMachine", input.vmIds);
  shape.check();
  const request = { mutation: "addProtectedVms", input: { ...input } };
  const before = await unlessAnswered<GroupRun, AskedDirection>(context, viewer, request, () => prepare(context, groupId));
  if ("answer" in before) return before.answer;
  const { direction, sites } = before.prepared;
  const ids: GroupRun = { groupId, recoveryId: newId() };
  const answer = await mutate(context, viewer, {
    ...request,
    answer: ids,
    async act(client) {
      await lockPair(client, direction.pairingId);
      const group = await lockGroup(client, groupId, input.expectedVersion);
      refuse(group);
      checkSameDirection(group, direction);
      const errors = fieldErrors();
      const vms = checkVms(errors, path, vmIds, { found: await readVms(client, vmIds, direction), direction, into: groupId });
      if (group.hasStorageGroups) checkOnDatastores(errors, vmIds, vms, group);
      errors.check();
      const added = vms.filter((vm) => vm.groupId === null).length;
      checkQuota(`VMs in the protection group ${group.name}`, context.quotas.vmsPerGroup, group.vmCount, added);
      const storage = await readStorage(client, groupId);
      const { vms: members, warnings } = newMembers(vms, sites.recoverySite);
      const snapshot = {
        ...groupSnapshot(group, sites),
        kind: "GROUP_UPDATE",
        warnings,
        ...(group.hasStorageGroups ? { storageGroups: storage.named } : {}), // the site may have refused them before
        added: members,
        removed: [],
      } as const;
      await insertMembers(client, groupId, vms, targetsOf(storage.storageGroups));
      await refuseProblemsOfGroup(client, groupId, path);
      await raiseVersion(client, groupId);
      await insertGroupRun(client, { runId: ids.recoveryId, taskId: null, pairingId: direction.pairingId, viewer, snapshot });
      return []; // the run tells of all that has changed with it
    },
  });
  context.hint(answer.recoveryId);
  return answer;
}

async function prepare({ database, providers }: ServiceContext, groupId: string): Promise<AskedDirection> {
  const group = await findGroup(database.pool, groupId);
  refuse(group); // before a site is asked for nothing
  const direction = await directionOf(database.pool, group);
  return { direction, sites: await askSites(providers, direction) };
}

function refuse(group: GroupFacts): void {
  const refusal = groupRefusals(group).ADD_PROTECTED_VMS;
  if (refusal !== null) throw refusal;
}

/** The VMs of a group that replicates datastores are those on them. */
function checkOnDatastores(errors: FieldErrors, vmIds: readonly string[], vms: readonly VmCandidate[], group: GroupFacts): void {
  for (const { id, name, datastoreName, replicatedById } of vms) {
    if (replicatedById !== null) continue; // by another group: said already
    const where = datastoreName === null ? "no known datastore" : `the datastore ${datastoreName}`;
    errors.add([...path, vmIds.indexOf(id)], `${name} is on ${where}, and the protection group ${group.name} replicates others.`);
  }
}
