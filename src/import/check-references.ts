/** Names of sites, inventory and VMs that mean nothing, or the wrong thing. */
import type { ImportFile } from "./file.ts";
import type { PairingEntry } from "./file-inventory.ts";
import { findRecoverySite, type Index, type Place } from "./index-of.ts";
import { keyOf, type Model, pairKey } from "./items.ts";
import { meant, type Path, type Problem } from "./problem.ts";

const placeNames: Record<Place, string> = {
  datastores: "datastore",
  networks: "network",
  resourcePools: "resource pool",
  folders: "folder",
};

/** Collects what does not resolve. */
export class References {
  readonly problems: Problem[] = [];
  readonly index: Index;
  constructor(index: Index) {
    this.index = index;
  }

  site(path: Path, name: string): string | undefined {
    const found = this.index.findSite(name);
    if (found === undefined) this.say(path, `There is no site ${name}.${meant(name, this.index.known("sites"))}`);
    return found;
  }

  in(path: Path, place: Place, site: string, name: string | null): void {
    if (name === null || this.index.findIn(place, site, name) !== undefined) return;
    this.say(path, `The site ${site} has no ${placeNames[place]} ${name}.${meant(name, this.index.known(place, site))}`);
  }

  vm(path: Path, name: string, site: string | undefined): string | undefined {
    const found = this.index.findVms(name, site);
    const where = site === undefined ? "There is no VM" : `The site ${site} has no VM`;
    if (found.length === 0) this.say(path, `${where} ${name}.${meant(name, this.index.known("vms", site))}`);
    if (found.length > 1) this.say(path, `The sites ${found.map((vm) => vm.site).join(" and ")} have a VM ${name}; name the site too.`);
    return found.length === 1 ? found[0]?.site : undefined;
  }

  group(path: Path, name: string): string | undefined {
    const found = this.index.findGroup(name);
    if (found === undefined) this.say(path, `There is no protection group ${name}.${meant(name, this.index.known("groups"))}`);
    return found;
  }

  say(path: Path, message: string): void {
    this.problems.push({ path, message });
  }
}

export function checkReferences(file: ImportFile, index: Index, current: Model): Problem[] {
  const references = new References(index);
  checkInventory(file, references);
  checkPairings(file, references);
  checkSettings(file, references, current);
  return references.problems;
}

function checkInventory(file: ImportFile, references: References): void {
  file.sites.forEach(({ name: site, virtualMachines }, s) => {
    virtualMachines.forEach((vm, v) => {
      const path: Path = ["sites", s, "virtualMachines", v];
      references.in([...path, "datastore"], "datastores", site, vm.datastore);
      references.in([...path, "folder"], "folders", site, vm.folder);
      references.in([...path, "resourcePool"], "resourcePools", site, vm.resourcePool);
      for (const [n, { network }] of vm.nics.entries()) references.in([...path, "nics", n, "network"], "networks", site, network);
    });
  });
}

function checkPairings(file: ImportFile, references: References): void {
  for (const [p, pairing] of file.pairings.entries()) {
    const protectedSite = references.site(["pairings", p, "protectedSite"], pairing.protectedSite);
    const recoverySite = references.site(["pairings", p, "recoverySite"], pairing.recoverySite);
    if (protectedSite === undefined || recoverySite === undefined) continue;
    if (protectedSite === recoverySite) references.say(["pairings", p, "recoverySite"], "A site can't be paired with itself.");
    else checkMappings(pairing, ["pairings", p], [protectedSite, recoverySite], references);
  }
}

const mappingLists = [
  ["networkMappings", "networks"],
  ["folderMappings", "folders"],
  ["resourceMappings", "resourcePools"],
] as const;

function checkMappings(
  pairing: PairingEntry,
  path: Path,
  [protectedSite, recoverySite]: readonly [string, string],
  references: References,
): void {
  for (const [list, place] of mappingLists) {
    for (const [m, mapping] of pairing[list].entries()) {
      const at: Path = [...path, list, m];
      const source = keyOf(mapping.sourceSite ?? protectedSite);
      if (source !== keyOf(protectedSite) && source !== keyOf(recoverySite)) {
        references.say([...at, "sourceSite"], `The site ${mapping.sourceSite} is not of this pair.`);
        continue;
      }
      const [from, to] = source === keyOf(protectedSite) ? [protectedSite, recoverySite] : [recoverySite, protectedSite];
      references.in([...at, "source"], place, from, mapping.source);
      references.in([...at, "target"], place, to, mapping.target);
      const testNetwork = list === "networkMappings" ? (pairing[list][m]?.testNetwork ?? null) : null;
      references.in([...at, "testNetwork"], "networks", to, testNetwork);
    }
  }
}

function checkSettings(file: ImportFile, references: References, current: Model): void {
  file.vmSettings.forEach((entry, s) => {
    const path: Path = ["vmSettings", s];
    if (entry.site !== undefined && references.site([...path, "site"], entry.site) === undefined) return;
    const site = references.vm([...path, "virtualMachine"], entry.virtualMachine, entry.site);
    if (site === undefined) return;
    entry.dependsOn.forEach((other, d) => {
      if (keyOf(other) === keyOf(entry.virtualMachine)) references.say([...path, "dependsOn", d], "A VM can't depend on itself.");
      else references.vm([...path, "dependsOn", d], other, site);
    });
    const target = findRecoverySite(file, current, site, entry.virtualMachine);
    if (target === undefined && entry.networkMappings.length > 0) {
      references.say([...path, "networkMappings"], `The site ${site} has no pair that this could be mapped to.`);
    } else if (target !== undefined) {
      for (const [m, mapping] of entry.networkMappings.entries()) {
        const at: Path = [...path, "networkMappings", m];
        references.in([...at, "source"], "networks", site, mapping.source);
        references.in([...at, "target"], "networks", target, mapping.target);
        references.in([...at, "testNetwork"], "networks", target, mapping.testNetwork);
      }
    }
  });
}

/** Both sites are there and are a pair; gives their names. */
export function checkPair(
  { protectedSite, recoverySite }: { readonly protectedSite: string; readonly recoverySite: string },
  path: Path,
  references: References,
  pairs: ReadonlySet<string>,
): { readonly protectedSite: string; readonly recoverySite: string } | undefined {
  const from = references.site([...path, "protectedSite"], protectedSite);
  const to = references.site([...path, "recoverySite"], recoverySite);
  if (from === undefined || to === undefined) return undefined;
  if (pairs.has(pairKey(from, to))) return { protectedSite: from, recoverySite: to };
  references.say([...path, "recoverySite"], `The sites ${from} and ${to} are not paired.`);
  return undefined;
}
