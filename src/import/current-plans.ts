/** Plans and VM settings of the database, in the shape of items. */
import type { Current, Tx } from "./current.ts";
import { byName, keyOf, type StepItem } from "./items.ts";

const named = { select: { name: true } } as const;

export async function currentPlans(tx: Tx, { model, ids }: Current): Promise<void> {
  const rows = await tx.recoveryPlan.findMany({
    include: {
      pairing: { include: { localSite: named, remoteSite: named } },
      groups: { include: { group: { include: { protectedSite: named, recoverySite: named } } } },
      priorityGroups: { orderBy: { priority: "asc" }, include: { steps: { orderBy: [{ phase: "asc" }, { position: "asc" }] } } },
    },
  });
  for (const { id, name, description, rtoTargetSeconds, pairing, groups, priorityGroups, ...row } of rows) {
    const direction = groups[0]?.group ?? { protectedSite: pairing.localSite, recoverySite: pairing.remoteSite };
    ids.plans.set(keyOf(name), id);
    model.plans.set(keyOf(name), {
      name,
      description,
      protectedSite: direction.protectedSite.name,
      recoverySite: direction.recoverySite.name,
      defaultVmPriority: row.defaultVmPriority,
      defaultStartupDelaySeconds: row.defaultStartupDelaySeconds,
      defaultShutdownDelaySeconds: row.defaultShutdownDelaySeconds,
      rtoTargetSeconds,
      priorityGroups: priorityGroups.map((priorityGroup) => ({
        priority: priorityGroup.priority,
        name: priorityGroup.name,
        protectionGroups: groups
          .filter(({ priorityGroupId }) => priorityGroupId === priorityGroup.id)
          .map(({ group }) => group.name)
          .sort(byName),
        steps: priorityGroup.steps.map(stepOf),
      })),
    });
  }
}

const stepOf = (row: StepItem): StepItem => ({
  phase: row.phase,
  type: row.type,
  name: row.name,
  command: row.command,
  arguments: row.arguments,
  timeoutSeconds: row.timeoutSeconds,
  runOnSite: row.runOnSite,
  continueOnFailure: row.continueOnFailure,
  runInTest: row.runInTest,
  rerunnable: row.rerunnable,
  message: row.message,
  defaultAnswer: row.defaultAnswer,
  durationSeconds: row.durationSeconds,
});

export async function currentSettings(tx: Tx, { model, ids }: Current): Promise<void> {
  const networks = new Map((await tx.network.findMany({ select: { id: true, name: true } })).map(({ id, name }) => [id, name]));
  const rows = await tx.vmRecoverySettings.findMany({
    include: {
      ipRules: { orderBy: { position: "asc" } },
      commands: { orderBy: [{ phase: "asc" }, { position: "asc" }] },
      vm: { include: { site: named, networkMappings: true, dependsOn: { include: { dependsOn: named } } } },
    },
  });
  for (const { vmId, vm, ipRules, commands, version: _, ...row } of rows) {
    const key = keyOf(vm.site.name, vm.name);
    ids.settings.set(key, vmId);
    model.settings.set(key, {
      site: vm.site.name,
      virtualMachine: vm.name,
      ...row,
      ipRules: ipRules.map(({ id: _id, vmId: _vm, position: _at, ...rule }) => rule),
      commands: commands.map(({ id: _id, vmId: _vm, position: _at, ...command }) => command),
      dependsOn: vm.dependsOn.map(({ dependsOn }) => dependsOn.name).sort(byName),
      networkMappings: vm.networkMappings
        .map(({ sourceNetworkId, targetNetworkId, testNetworkId }) => ({
          source: networks.get(sourceNetworkId) ?? "",
          target: networks.get(targetNetworkId) ?? "",
          testNetwork: testNetworkId === null ? null : (networks.get(testNetworkId) ?? null),
        }))
        .sort((a, b) => byName(a.source, b.source)),
    });
  }
}
