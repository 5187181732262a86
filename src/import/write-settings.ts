/** Writes how VMs are recovered: their settings with rules, commands, dependencies and own mappings, which replace what was there. */
import { findRecoverySite } from "./index-of.ts";
import { keyOf, type Model, type SettingsItem } from "./items.ts";
import { idOf, splitUp, type Writing } from "./write-inventory.ts";

export async function writeSettings(writing: Writing, together: Model): Promise<void> {
  const { tx, ids } = writing;
  for (const { key } of writing.difference.changes.filter(({ kind }) => kind === "settings")) ids.settings.set(key, idOf(ids, "vms", key));
  const { created, changed } = splitUp(writing, "settings");
  const rowOf = ({
    site: _,
    virtualMachine: __,
    ipRules: _rules,
    commands: _commands,
    dependsOn: _others,
    networkMappings: _mappings,
    ...item
  }: SettingsItem) => item;
  await tx.vmRecoverySettings.createMany({ data: created.map(({ id, item }) => ({ vmId: id, ...rowOf(item) })) });
  for (const { id, item } of changed)
    await tx.vmRecoverySettings.update({ where: { vmId: id }, data: { ...rowOf(item), version: { increment: 1 } } });
  const all = [...created, ...changed].map(({ id, item }) => ({ vmId: id, item }));
  const those = { vmId: { in: all.map(({ vmId }) => vmId) } };
  await tx.ipRule.deleteMany({ where: those });
  await tx.vmCommand.deleteMany({ where: those });
  await tx.vmDependency.deleteMany({ where: those });
  await tx.vmNetworkMapping.deleteMany({ where: those });
  await tx.ipRule.createMany({
    data: all.flatMap(({ vmId, item }) =>
      item.ipRules.map((rule, index) => ({ ...rule, vmId, position: index + 1, targetDnsServers: [...rule.targetDnsServers] })),
    ),
  });
  await tx.vmCommand.createMany({ data: all.flatMap(({ vmId, item }) => commandsOf(vmId, item)) });
  await tx.vmDependency.createMany({
    data: all.flatMap(({ vmId, item }) =>
      item.dependsOn.map((other) => ({ vmId, dependsOnVmId: idOf(ids, "vms", keyOf(item.site, other)) })),
    ),
  });
  const mapped = [...created, ...changed].filter(({ fields }) => fields?.some(({ field }) => field.startsWith("networkMappings")) ?? true);
  await tx.virtualMachine.updateMany({
    where: { id: { in: mapped.map(({ id }) => id) } },
    data: { networkMappingsVersion: { increment: 1 } },
  });
  await tx.vmNetworkMapping.createMany({ data: all.flatMap(({ vmId, item }) => mappingsOf(writing, vmId, item, together)) });
}

const commandsOf = (vmId: string, { commands }: SettingsItem) =>
  commands.map((command, index) => ({
    ...command,
    vmId,
    arguments: [...command.arguments],
    position: commands.slice(0, index).filter(({ phase }) => phase === command.phase).length + 1,
  }));

function mappingsOf({ ids, file }: Writing, vmId: string, { site, virtualMachine, networkMappings }: SettingsItem, together: Model) {
  const recoverySite = findRecoverySite(file, together, site, virtualMachine) ?? site;
  return networkMappings.map(({ source, target, testNetwork }) => ({
    vmId,
    sourceNetworkId: idOf(ids, "networks", keyOf(site, source)),
    targetNetworkId: idOf(ids, "networks", keyOf(recoverySite, target)),
    testNetworkId: testNetwork === null ? null : idOf(ids, "networks", keyOf(recoverySite, testNetwork)),
  }));
}
