/** Finds what a name in the file means: a thing of the file itself, else one that the database has. */
import type { ImportFile } from "./file.ts";
import { byName, keyOf, type Model } from "./items.ts";

export type Place = "datastores" | "networks" | "resourcePools" | "folders";

export interface VmName {
  readonly site: string;
  readonly name: string;
  readonly datastore: string | null;
}

/** `find…` give undefined for what is not there; the others are for names that have been checked. */
export interface Index {
  findSite(name: string): string | undefined;
  findIn(place: Place, site: string, name: string): string | undefined;
  findGroup(name: string): string | undefined;
  /** Every VM of the name, at one site or at all. */
  findVms(name: string, site?: string): readonly VmName[];
  site(name: string): string;
  in(place: Place, site: string, name: string): string;
  group(name: string): string;
  vm(name: string, site?: string): VmName;
  /** Names for "did you mean". */
  known(what: Place | "sites" | "groups" | "vms", site?: string): string[];
  /** A group's VMs: those that are named, else every one on the datastores. */
  membersOf(site: string, named: readonly string[] | undefined, datastores: readonly string[]): string[];
  /** Where a VM's group recovers it to, else the other site of its site's first pair. */
  recoverySiteOf(site: string, vm: string): string;
}

export function createIndex(file: ImportFile, current: Model): Index {
  const sites = new Map([...current.sites.values(), ...file.sites].map(({ name }) => [keyOf(name), name]));
  const groups = new Map([...current.groups.values(), ...file.protectionGroups].map(({ name }) => [keyOf(name), name]));
  const places = placesOf(file, current);
  const vms = new Map<string, VmName>();
  for (const { site, name, datastore } of current.vms.values()) vms.set(keyOf(site, name), { site, name, datastore });
  for (const { name: site, virtualMachines } of file.sites) {
    for (const { name, datastore } of virtualMachines) vms.set(keyOf(site, name), { site, name, datastore });
  }
  const vmsByName = Map.groupBy(vms.values(), ({ name }) => keyOf(name));
  const vmsBySite = Map.groupBy(vms.values(), ({ site }) => keyOf(site));
  const must = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new Error(`${what} was not checked`);
    return found;
  };
  const index: Index = {
    findSite: (name) => sites.get(keyOf(name)),
    findIn: (place, site, name) => places[place].get(keyOf(site, name))?.name,
    findGroup: (name) => groups.get(keyOf(name)),
    findVms: (name, site) => (vmsByName.get(keyOf(name)) ?? []).filter((vm) => site === undefined || keyOf(vm.site) === keyOf(site)),
    site: (name) => must(index.findSite(name), name),
    in: (place, site, name) => must(index.findIn(place, site, name), name),
    group: (name) => must(index.findGroup(name), name),
    vm: (name, site) => must(index.findVms(name, site)[0], name),
    known(what, site = "") {
      if (what === "sites") return [...sites.values()];
      if (what === "groups") return [...groups.values()];
      const of = what === "vms" ? (site === "" ? [...vms.values()] : (vmsBySite.get(keyOf(site)) ?? [])) : [...places[what].values()];
      return of.filter((thing) => site === "" || keyOf(thing.site) === keyOf(site)).map(({ name }) => name);
    },
    membersOf(site, named, datastores) {
      if (named !== undefined) return named.map((name) => index.vm(name, site).name).sort(byName);
      const stores = new Set(datastores.map((name) => keyOf(name)));
      const on = (vmsBySite.get(keyOf(site)) ?? []).filter(({ datastore }) => datastore !== null && stores.has(keyOf(datastore)));
      return on.map(({ name }) => name).sort(byName);
    },
    recoverySiteOf: (site, vm) => must(findRecoverySite(file, current, site, vm), `the recovery site of ${vm}`),
  };
  return index;
}

type Placed = ReadonlyMap<string, { readonly site: string; readonly name: string }>;

function placesOf(file: ImportFile, current: Model): Record<Place, Placed> {
  const collect = (
    there: Iterable<{ site: string; name: string }>,
    ofSite: (site: ImportFile["sites"][number]) => readonly { name: string }[],
  ): Placed => {
    const inFile = file.sites.flatMap((site) => ofSite(site).map(({ name }) => ({ site: site.name, name })));
    return new Map([...there, ...inFile].map(({ site, name }) => [keyOf(site, name), { site, name }]));
  };
  // A folder is known by its path.
  const folders = [...current.folders.values()].map(({ site, path }) => ({ site, name: path }));
  return {
    datastores: collect(current.datastores.values(), (site) => site.datastores),
    networks: collect(current.networks.values(), (site) => site.networks),
    resourcePools: collect(current.resourcePools.values(), (site) => site.resourcePools),
    folders: collect(folders, (site) => site.folders.map(({ path }) => ({ name: path }))),
  };
}

/** The recovery site that a VM's own mappings lead to; undefined: its site has no pair. */
export function findRecoverySite(file: ImportFile, current: Model, site: string, vm: string): string | undefined {
  const holds = (names: readonly string[] | undefined) => names?.some((name) => keyOf(name) === keyOf(vm)) ?? false;
  const group = [...file.protectionGroups, ...current.groups.values()].find(
    ({ protectedSite, virtualMachines }) => keyOf(protectedSite) === keyOf(site) && holds(virtualMachines),
  );
  if (group !== undefined) return group.recoverySite;
  const pair = [...file.pairings, ...current.pairings.values()].find(
    ({ protectedSite, recoverySite }) => keyOf(protectedSite) === keyOf(site) || keyOf(recoverySite) === keyOf(site),
  );
  return pair === undefined ? undefined : keyOf(pair.protectedSite) === keyOf(site) ? pair.recoverySite : pair.protectedSite;
}
