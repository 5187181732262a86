/** What the lab's sites have to be, for what the file names of them. */

import type { LabDefinition, LabSite, LabVm } from "../providers/lab/lab.ts";
import type { ImportFile } from "./file.ts";
import type { VmEntry } from "./file-inventory.ts";
import { keyOf, type Model, type VmItem } from "./items.ts";
import { siteExternalId } from "./wanted.ts";

export const placeholderName = (vm: string): string => `${vm}-placeholder`;
export const placeholderExternalId = (recoverySiteExternalId: string, vm: string): string =>
  `${recoverySiteExternalId}/${placeholderName(vm)}`;

/** `together`: the model as it will stand, for groups whose sites or VMs the file does not name again. */
export function labDefinition(file: ImportFile, wanted: Model, together: Model): LabDefinition {
  const siteId = (name: string) => together.sites.get(keyOf(name))?.externalId ?? name;
  const groups = [...wanted.groups.values()].map((group) => {
    const vm = (name: string) => together.vms.get(keyOf(group.protectedSite, name));
    const sources = group.virtualMachines.flatMap((name) => vm(name) ?? []);
    return { group, recoverySiteId: siteId(group.recoverySite), sources };
  });
  const sites = new Map<string, LabSite>(file.sites.map((site) => [siteExternalId(site), labSite(site, wanted)]));
  for (const { recoverySiteId, group, sources } of groups) {
    const site = sites.get(recoverySiteId) ?? { id: recoverySiteId, name: group.recoverySite };
    const placeholders = sources.map(({ name, externalId }) => ({
      id: placeholderExternalId(recoverySiteId, name),
      name: placeholderName(name),
      sourceVmId: externalId,
    }));
    sites.set(recoverySiteId, { ...site, placeholders: [...(site.placeholders ?? []), ...placeholders] });
  }
  return {
    sites: [...sites.values()],
    groups: groups.map(({ group, recoverySiteId, sources }) => ({
      id: group.externalId,
      name: group.name,
      recoverySiteId,
      sourceVmIds: sources.map(({ externalId }) => externalId),
      storageGroups: group.storageGroups,
    })),
    pairs: [...wanted.pairings.values()].map(({ protectedSite, recoverySite, arrayManagers, replicationServers }) => ({
      siteIds: [siteId(protectedSite), siteId(recoverySite)],
      arrayManagers: arrayManagers.map(({ name }) => name),
      replicationServers: replicationServers.map(({ name }) => name),
    })),
  };
}

function labSite(site: ImportFile["sites"][number], wanted: Model): LabSite {
  const { datastores, networks, resourcePools, folders } = site;
  return {
    id: siteExternalId(site),
    name: site.name,
    datastores,
    networks,
    resourcePools,
    folders,
    vms: site.virtualMachines.flatMap((vm) => {
      const item = wanted.vms.get(keyOf(site.name, vm.name));
      return item === undefined ? [] : [labVm(item, vm)];
    }),
  };
}

/** As the database will have it, with what the simulated sites alone know. */
function labVm({ site: _, externalId, nics, ...vm }: VmItem, { powerState, lab }: VmEntry): LabVm {
  return {
    ...vm,
    id: externalId,
    on: powerState === "POWERED_ON",
    nics: nics.map(({ network, ...nic }, nicIndex) => ({ nicIndex, networkId: network, ...nic })),
    services: lab.services.map(({ port, banner }) => (banner === undefined ? { port } : { port, banner })),
    changeBytesPerSecond: lab.changeBytesPerSecond,
  };
}
