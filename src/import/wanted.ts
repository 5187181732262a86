/** The file's content as items, once its references are known to hold. Names are written as the things they name are written. */
import type { StepPhase } from "../database/generated/enums.ts";
import { prefixOfMask } from "../domain/addresses.ts";
import type { ImportFile } from "./file.ts";
import type { SiteEntry, VmEntry } from "./file-inventory.ts";
import type { PlanEntry, SettingsEntry, StepEntry } from "./file-plans.ts";
import type { Index, Place } from "./index-of.ts";
import { byName, emptyModel, keyOf, type Model, type PlanItem, pairKey, type SettingsItem, type StepItem, type VmItem } from "./items.ts";

export const siteExternalId = ({ name, externalId }: Pick<SiteEntry, "name" | "externalId">): string => externalId ?? name;

export function wantedModel(file: ImportFile, index: Index): Model {
  const model = emptyModel();
  for (const entry of file.sites) addSite(model, entry, index);
  for (const { protectedSite, recoverySite, arrayManagers, replicationServers, ...mappings } of file.pairings) {
    const sites = { protectedSite: index.site(protectedSite), recoverySite: index.site(recoverySite) };
    model.pairings.set(pairKey(protectedSite, recoverySite), {
      ...sites,
      arrayManagers: arrayManagers.toSorted((a, b) => byName(a.name, b.name)),
      replicationServers: replicationServers.toSorted((a, b) => byName(a.name, b.name)),
    });
    addMappings(model, sites, mappings, index);
  }
  for (const { storageGroups, virtualMachines, replicationType, ...entry } of file.protectionGroups) {
    const protectedSite = index.site(entry.protectedSite);
    const recoverySite = index.site(entry.recoverySite);
    const stores = storageGroups.map(({ sources, target }) => ({
      sources: sources.map((source) => index.in("datastores", protectedSite, source)).sort(byName),
      target: index.in("datastores", recoverySite, target),
    }));
    model.groups.set(keyOf(entry.name), {
      ...entry,
      protectedSite,
      recoverySite,
      externalId: entry.externalId ?? entry.name,
      replicationType: replicationType ?? (entry.type === "REPLICATION" ? "SAN" : entry.type),
      storageGroups: stores,
      virtualMachines: index.membersOf(
        protectedSite,
        virtualMachines,
        stores.flatMap(({ sources }) => sources),
      ),
    });
  }
  for (const entry of file.recoveryPlans) model.plans.set(keyOf(entry.name), planItem(entry, index));
  for (const entry of file.vmSettings) {
    const item = settingsItem(entry, index);
    model.settings.set(keyOf(item.site, item.virtualMachine), item);
  }
  return model;
}

function addSite(model: Model, { datastores, networks, resourcePools, folders, virtualMachines, ...entry }: SiteEntry, index: Index): void {
  const site = entry.name;
  model.sites.set(keyOf(site), { ...entry, externalId: siteExternalId(entry) });
  for (const { freeBytes: _, ...item } of datastores) model.datastores.set(keyOf(site, item.name), { site, ...item });
  for (const item of networks) model.networks.set(keyOf(site, item.name), { site, ...item });
  for (const item of resourcePools) model.resourcePools.set(keyOf(site, item.name), { site, ...item });
  for (const item of folders) model.folders.set(keyOf(site, item.path), { site, ...item });
  for (const vm of virtualMachines) model.vms.set(keyOf(site, vm.name), vmItem(entry, vm, index));
}

const vmExternalId = (site: Pick<SiteEntry, "name" | "externalId">, vm: Pick<VmEntry, "name" | "externalId">): string =>
  vm.externalId ?? `${siteExternalId(site)}/${vm.name}`;

function vmItem(site: Pick<SiteEntry, "name" | "externalId">, { powerState: _, lab: __, nics, ...vm }: VmEntry, index: Index): VmItem {
  const at = (place: Place, name: string | null) => (name === null ? null : index.in(place, site.name, name));
  return {
    ...vm,
    site: site.name,
    externalId: vmExternalId(site, vm),
    datastore: at("datastores", vm.datastore),
    folder: at("folders", vm.folder),
    resourcePool: at("resourcePools", vm.resourcePool),
    nics: nics.map(({ network, ...nic }) => ({ ...nic, network: at("networks", network) })),
  };
}

type Mappings = Pick<ImportFile["pairings"][number], "networkMappings" | "folderMappings" | "resourceMappings">;

function addMappings(model: Model, sites: { protectedSite: string; recoverySite: string }, mappings: Mappings, index: Index): void {
  const lists = [
    ["network", "networks", mappings.networkMappings],
    ["folder", "folders", mappings.folderMappings],
    ["resource", "resourcePools", mappings.resourceMappings],
  ] as const;
  for (const [kind, place, entries] of lists) {
    for (const entry of entries) {
      const sourceSite = index.site(entry.sourceSite ?? sites.protectedSite);
      const targetSite = sourceSite === sites.protectedSite ? sites.recoverySite : sites.protectedSite;
      const source = index.in(place, sourceSite, entry.source);
      const test = "testNetwork" in entry ? entry.testNetwork : null;
      model.mappings.set(keyOf(kind, sourceSite, targetSite, source), {
        kind,
        sourceSite,
        targetSite,
        source,
        target: index.in(place, targetSite, entry.target),
        testNetwork: test === null ? null : index.in("networks", targetSite, test),
      });
    }
  }
}

function planItem({ priorityGroups, ...entry }: PlanEntry, index: Index): PlanItem {
  return {
    ...entry,
    protectedSite: index.site(entry.protectedSite),
    recoverySite: index.site(entry.recoverySite),
    priorityGroups: priorityGroups
      .map(({ preSteps, postSteps, protectionGroups, ...group }) => ({
        ...group,
        protectionGroups: protectionGroups.map((name) => index.group(name)).sort(byName),
        steps: [...preSteps.map((step) => stepItem("PRE_POWER_ON", step)), ...postSteps.map((step) => stepItem("POST_POWER_ON", step))],
      }))
      .sort((a, b) => a.priority - b.priority),
  };
}

const noStepFields = {
  command: null,
  arguments: [],
  timeoutSeconds: null,
  runOnSite: null,
  continueOnFailure: false,
  runInTest: false,
  rerunnable: false,
  message: null,
  defaultAnswer: null,
  durationSeconds: null,
} as const;

const stepItem = (phase: StepPhase, step: StepEntry): StepItem => ({ ...noStepFields, phase, ...step });

function settingsItem(entry: SettingsEntry, index: Index): SettingsItem {
  const { site, name } = index.vm(entry.virtualMachine, entry.site);
  const { readyCheck, ipCustomization, prePowerOnCommands, postPowerOnCommands, networkMappings, dependsOn, ...plain } = entry;
  return {
    ...plain,
    site,
    virtualMachine: name,
    readyCheck: readyCheck.type,
    readyTimeoutSeconds: readyCheck.timeoutSeconds,
    readyPort: readyCheck.port,
    readyTarget: readyCheck.target,
    ipCustomizationEnabled: ipCustomization.enabled,
    ipRules: ipCustomization.rules.map(({ subnetMask, gateway, dnsServers, dnsSuffix, ...rule }) => ({
      ...rule,
      prefixLength: rule.prefixLength ?? (subnetMask === null ? null : prefixOfMask(subnetMask)),
      targetGateway: gateway,
      targetDnsServers: dnsServers,
      targetDnsSuffix: dnsSuffix,
    })),
    commands: [
      ...prePowerOnCommands.map((command) => ({ phase: "PRE_POWER_ON" as const, ...command })),
      ...postPowerOnCommands.map((command) => ({ phase: "POST_POWER_ON" as const, ...command })),
    ],
    dependsOn: dependsOn.map((other) => index.vm(other, site).name).sort(byName),
    networkMappings: networkMappings
      .map((mapping) => {
        const recoverySite = index.recoverySiteOf(site, name);
        const target = (network: string) => index.in("networks", recoverySite, network);
        const testNetwork = mapping.testNetwork === null ? null : target(mapping.testNetwork);
        return { source: index.in("networks", site, mapping.source), target: target(mapping.target), testNetwork };
      })
      .sort((a, b) => byName(a.source, b.source)),
  };
}
