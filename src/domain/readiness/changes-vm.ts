/** VMs of a plan that were added or removed, and settings, mappings and commands of VMs that have changed. Pure. */
import type { SnapshotCommand } from "../../engine/run-snapshot.ts";
import { added, type Compared, type ComparedVm, changedIf, compare, type PlanChange, removed } from "./change.ts";
import type { FindingObject } from "./found.ts";

const settings = [
  "priority",
  "startupDelaySeconds",
  "shutdownDelaySeconds",
  "powerOnAfterRecovery",
  "readyCheck",
  "probes",
  "addresses",
] as const satisfies readonly (keyof ComparedVm)[];

export function vmChanges(before: Compared, after: Compared): PlanChange[] {
  const [then, now] = [namesOf(before), namesOf(after)];
  const object = ({ id, name }: ComparedVm): FindingObject => ({ type: "VirtualMachine", id, name });
  return compare(before.vms, after.vms, {
    added: (vm) => [added("VM", object(vm))],
    removed: (vm) => [removed("VM", object(vm))],
    both: (was, is) => [
      ...settings.flatMap((field) => changedIf("VM_SETTING", object(is), field, was[field] ?? null, is[field] ?? null)),
      ...changedIf("VM_SETTING", object(is), "dependsOn", was.dependsOn.map(then.vm).sort(), is.dependsOn.map(now.vm).sort()),
      ...changedIf("VM_SETTING", object(is), "protectionGroup", then.group(was.groupId), now.group(is.groupId)),
      ...changedIf("MAPPING", object(is), "networks", then.networks(was), now.networks(is)),
      ...changedIf("MAPPING", object(is), "folder", was.folderId, is.folderId),
      ...changedIf("MAPPING", object(is), "resourcePool", was.resourcePoolId, is.resourcePoolId),
      ...commandChanges(object(is), was, is),
    ],
  });
}

/** Ids in the words of their snapshot: a network's id there says nothing to people. */
function namesOf({ vms, groups, testNetworks }: Compared) {
  const of = (list: readonly { readonly id: string; readonly name: string }[]) => new Map(list.map(({ id, name }) => [id, name]));
  const [vmNames, groupNames, networkNames] = [of(vms), of(groups), of(testNetworks)];
  return {
    vm: (id: string) => vmNames.get(id) ?? id,
    group: (id: string) => groupNames.get(id) ?? id,
    networks: ({ nics }: ComparedVm) =>
      nics.map(({ nicIndex, testNetwork }) => `${nicIndex}: ${networkNames.get(testNetwork) ?? testNetwork}`),
  };
}

/** Commands have no names: which one was replaced by which can't be told, so one that is changed is one less and one more. */
function commandChanges(object: FindingObject, was: ComparedVm, is: ComparedVm): PlanChange[] {
  const changes = (["preCommands", "postCommands"] as const).flatMap((phase) => {
    const [then, now] = [was[phase].map(textOf), is[phase].map(textOf)];
    const gone = then
      .filter((text) => !now.includes(text))
      .map((text) => ({ ...removed("VM_COMMAND", object), field: phase, before: text }));
    const come = now.filter((text) => !then.includes(text)).map((text) => ({ ...added("VM_COMMAND", object), field: phase, after: text }));
    return gone.length + come.length > 0 ? [...gone, ...come] : changedIf("ORDER", object, phase, then, now);
  });
  return changes;
}

/** All of it but its id; a secret is named by its id, which says nothing of its value. */
function textOf({
  command,
  arguments: list,
  timeoutSeconds,
  rerunnable,
  runInGuest,
  guestUsername,
  passwordSecretId,
}: SnapshotCommand): string {
  const notes = [
    `${timeoutSeconds} s`,
    ...(rerunnable ? ["rerunnable"] : []),
    ...(runInGuest ? [`in the guest as ${guestUsername ?? "its default user"}, secret ${passwordSecretId ?? "none"}`] : []),
  ];
  return `${[command, ...list].join(" ")} (${notes.join(", ")})`;
}
