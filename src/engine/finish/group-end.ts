/** What becomes of a protection group and its VMs when a run of it ends. Pure: from what the run was about and how its steps ended. */

import type { GroupCreateSnapshot, GroupDeleteSnapshot, GroupUpdateSnapshot } from "../group-snapshot.ts";
import type { ResultState } from "../model.ts";
import { runWarning } from "../warnings.ts";
import { type GroupEnd, type MemberEnd, plainEnd, type ReplicationEnd } from "./group-changes.ts";
import type { View } from "./group-view.ts";

/** A group of which nothing could be recovered has failed as a whole; else each VM stands for itself. */
export function endOfCreate({ group, vms }: GroupCreateSnapshot, result: ResultState, view: View): GroupEnd {
  const configured = view.done("CONFIGURE_REPLICATION");
  const replication: ReplicationEnd = !configured ? "NOT_REPLICATED" : view.done("SYNCHRONISE") ? "SYNCED" : "ERROR";
  const members = vms.map(({ id }): MemberEnd => {
    if (replication === "SYNCED") return replicatedMember(id, view);
    const placeholderId = view.placeholderOf(id);
    const state = placeholderId === null ? "NOT_CONFIGURED" : "NOT_SHADOWING";
    return { vmId: id, leaves: false, state, placeholderId, replication, fault: null };
  });
  const end = { ...plainEnd, groupId: group.id, members, datastores: replication };
  if (result !== "FAILED") return end;
  const noPlaceholder = replication === "SYNCED" && view.errors.length > 0;
  return { ...end, state: "ERROR", fault: runWarning(noPlaceholder ? "PLACEHOLDER_FAILED" : "REPLICATION_FAILED", view.first) };
}

/** Its data is at the recovery site; without a placeholder it is of no use there. */
function replicatedMember(vmId: string, view: View): MemberEnd {
  const placeholderId = view.placeholderOf(vmId);
  const member = { vmId, leaves: false, placeholderId, replication: "SYNCED" } as const;
  if (view.done("CREATE_PLACEHOLDER", vmId)) return { ...member, state: "SHADOWING", fault: null };
  return { ...member, state: "ERROR", fault: runWarning("PLACEHOLDER_FAILED", view.why("CREATE_PLACEHOLDER", vmId)) };
}

/** The group is READY whatever failed: its other members are as they were. */
export function endOfUpdate({ group, storageGroups, added, removed }: GroupUpdateSnapshot, view: View): GroupEnd {
  const joined = added.map(({ id }): MemberEnd => {
    const failed = (["ADD_TO_REPLICATION", "SYNCHRONISE"] as const).find((kind) => !view.done(kind));
    if (failed === undefined) return replicatedMember(id, view);
    const replication = failed === "SYNCHRONISE" ? "ERROR" : "NOT_REPLICATED";
    const fault = runWarning("REPLICATION_FAILED", view.why(failed));
    return { vmId: id, leaves: false, state: "ERROR", placeholderId: view.placeholderOf(id), replication, fault };
  });
  const left = removed.map(({ id: vmId, placeholderId }): MemberEnd => {
    const member = { vmId, leaves: false, state: "ERROR", placeholderId } as const;
    if (!view.done("REMOVE_FROM_REPLICATION")) {
      return { ...member, replication: null, fault: runWarning("REPLICATION_FAILED", view.why("REMOVE_FROM_REPLICATION")) };
    }
    const removedWhole = placeholderId === null || view.done("REMOVE_PLACEHOLDER", vmId);
    const fault = removedWhole ? null : runWarning("PLACEHOLDER_FAILED", view.why("REMOVE_PLACEHOLDER", vmId));
    return { ...member, leaves: removedWhole, replication: "NOT_REPLICATED", fault };
  });
  const changed = storageGroups === undefined || view.done("CHANGE_STORAGE");
  // New datastores come with the members on them; one without any has nothing to copy.
  const copied = view.done("SYNCHRONISE") || (storageGroups !== undefined && changed && added.length === 0);
  const fault = changed ? null : runWarning("REPLICATION_FAILED", view.why("CHANGE_STORAGE"));
  return { ...plainEnd, groupId: group.id, members: [...joined, ...left], datastores: copied ? "SYNCED" : null, fault };
}

/** Gone, or in ERROR with what is left of it. */
export function endOfDelete({ group, vms }: GroupDeleteSnapshot, result: ResultState, view: View): GroupEnd {
  const stopped = { ...plainEnd, groupId: group.id, datastores: "NOT_REPLICATED", dropsPoints: true } as const;
  if (result === "SUCCESS" || result === "WARNING") return { ...stopped, gone: true };
  const fault = runWarning("GROUP_DELETE_FAILED", view.first);
  if (!view.done("STOP_REPLICATION")) return { ...plainEnd, groupId: group.id, state: "ERROR", fault };
  const members = vms.map(({ id, placeholderId }): MemberEnd => {
    const stays = placeholderId !== null && !view.done("REMOVE_PLACEHOLDER", id);
    const member = { vmId: id, leaves: false, replication: "NOT_REPLICATED", fault: null } as const;
    return stays ? { ...member, state: "NOT_SHADOWING", placeholderId } : { ...member, state: "NOT_CONFIGURED", placeholderId: null };
  });
  return { ...stopped, state: "ERROR", fault, members };
}
