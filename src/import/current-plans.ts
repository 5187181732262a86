/** Plans and VM settings of the database, in the shape of items. */
import type { Current } from "./current.ts";
import { finder, lister, type Rows } from "./current-rows.ts";
import { byName, keyOf, type StepItem } from "./items.ts";

export function currentPlans(rows: Rows, { model, ids }: Current): void {
  const site = finder(rows.sites);
  const pairing = finder(rows.pairings);
  const group = finder(rows.groups);
  const priorityGroups = lister(rows.priorityGroups, ({ planId }) => planId);
  const groups = lister(rows.planGroups, ({ priorityGroupId }) => priorityGroupId);
  const steps = lister(rows.planSteps, ({ priorityGroupId }) => priorityGroupId);
  for (const { id, name, description, rtoTargetSeconds, pairingId, ...row } of rows.plans) {
    const [first] = rows.planGroups.filter(({ planId }) => planId === id).map(({ groupId }) => group(groupId));
    const { localSiteId, remoteSiteId } = pairing(pairingId);
    ids.plans.set(keyOf(name), id);
    model.plans.set(keyOf(name), {
      name,
      description,
      protectedSite: site(first?.protectedSiteId ?? localSiteId).name,
      recoverySite: site(first?.recoverySiteId ?? remoteSiteId).name,
      defaultVmPriority: row.defaultVmPriority,
      defaultStartupDelaySeconds: row.defaultStartupDelaySeconds,
      defaultShutdownDelaySeconds: row.defaultShutdownDelaySeconds,
      rtoTargetSeconds,
      priorityGroups: priorityGroups(id).map((priorityGroup) => ({
        priority: priorityGroup.priority,
        name: priorityGroup.name,
        protectionGroups: groups(priorityGroup.id)
          .map(({ groupId }) => group(groupId).name)
          .sort(byName),
        steps: steps(priorityGroup.id).map(stepOf),
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

export function currentSettings(rows: Rows, { model, ids }: Current): void {
  const site = finder(rows.sites);
  const vm = finder(rows.vms);
  const network = finder(rows.networks);
  const ipRules = lister(rows.ipRules, ({ vmId }) => vmId);
  const commands = lister(rows.commands, ({ vmId }) => vmId);
  const dependencies = lister(rows.dependencies, ({ vmId }) => vmId);
  const mappings = lister(rows.vmMappings, ({ vmId }) => vmId);
  for (const { vmId, version: _, ...row } of rows.settings) {
    const { name, siteId } = vm(vmId);
    const key = keyOf(site(siteId).name, name);
    ids.settings.set(key, vmId);
    model.settings.set(key, {
      site: site(siteId).name,
      virtualMachine: name,
      ...row,
      ipRules: ipRules(vmId).map(({ id: _id, vmId: _vm, position: _at, ...rule }) => rule),
      commands: commands(vmId).map(({ id: _id, vmId: _vm, position: _at, ...command }) => command),
      dependsOn: dependencies(vmId)
        .map(({ dependsOnVmId }) => vm(dependsOnVmId).name)
        .sort(byName),
      networkMappings: mappings(vmId)
        .map(({ sourceNetworkId, targetNetworkId, testNetworkId }) => ({
          source: network(sourceNetworkId).name,
          target: network(targetNetworkId).name,
          testNetwork: testNetworkId && network(testNetworkId).name,
        }))
        .sort((a, b) => byName(a.source, b.source)),
    });
  }
}
