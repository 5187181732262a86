/** Names that stand for two things. */
import type { ImportFile } from "./file.ts";
import { keyOf, type Model, pairKey } from "./items.ts";
import type { Path, Problem } from "./problem.ts";

export function checkNames(file: ImportFile, current: Model): Problem[] {
  const problems: Problem[] = [];
  const unique = (entries: Iterable<readonly [path: Path, key: string]>, message: string) => problems.push(...twice(entries, message));
  const named = (list: readonly { name: string }[], ...path: Path) =>
    list.map(({ name }, index) => [[...path, index, "name"], keyOf(name)] as const);

  unique(named(file.sites, "sites"), "A site of this name is above.");
  unique(named(file.protectionGroups, "protectionGroups"), "A protection group of this name is above.");
  unique(named(file.recoveryPlans, "recoveryPlans"), "A recovery plan of this name is above.");
  file.sites.forEach((site, index) => {
    for (const list of ["datastores", "networks", "resourcePools", "virtualMachines"] as const) {
      unique(named(site[list], "sites", index, list), `The site ${site.name} has another one of this name above.`);
    }
    const at = (list: string, position: number, field: string): Path => ["sites", index, list, position, field];
    unique(
      site.folders.map(({ path }, position) => [at("folders", position, "path"), keyOf(path)]),
      `The site ${site.name} has another folder with this path above.`,
    );
    unique(
      site.virtualMachines.flatMap(({ externalId }, position) =>
        externalId ? [[at("virtualMachines", position, "externalId"), externalId]] : [],
      ),
      `Another VM of ${site.name} has this externalId.`,
    );
  });
  unique(
    file.pairings.map(({ protectedSite, recoverySite }, index) => [["pairings", index], pairKey(protectedSite, recoverySite)]),
    "These two sites are paired above.",
  );
  file.pairings.forEach((pairing, index) => {
    for (const list of ["arrayManagers", "replicationServers"] as const) {
      unique(named(pairing[list], "pairings", index, list), "The pair has another one of this name above.");
    }
    for (const list of ["networkMappings", "folderMappings", "resourceMappings"] as const) {
      unique(
        pairing[list].map(({ source, sourceSite }, position) => [
          ["pairings", index, list, position, "source"],
          keyOf(sourceSite ?? pairing.protectedSite, source),
        ]),
        "This source is mapped above.",
      );
    }
  });
  file.recoveryPlans.forEach((plan, index) => {
    unique(
      plan.priorityGroups.map(({ priority }, position) => [
        ["recoveryPlans", index, "priorityGroups", position, "priority"],
        `${priority}`,
      ]),
      "This priority has a group above; one priority is one group.",
    );
    unique(
      plan.priorityGroups.flatMap(({ protectionGroups }, position) =>
        protectionGroups.map(
          (name, at) => [["recoveryPlans", index, "priorityGroups", position, "protectionGroups", at], keyOf(name)] as const,
        ),
      ),
      "The plan has this protection group above.",
    );
  });
  unique(
    file.vmSettings.map(({ virtualMachine, site }, index) => [["vmSettings", index, "virtualMachine"], keyOf(site ?? "", virtualMachine)]),
    "The settings of this VM are above.",
  );
  return [...problems, ...labNames(file, current)];
}

function twice(entries: Iterable<readonly [path: Path, key: string]>, message: string): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const [path, key] of entries) {
    if (seen.has(key)) problems.push({ path, message });
    seen.add(key);
  }
  return problems;
}

/** The lab knows a network or pool by its name, a folder by its path, each unique over all of its sites. */
function labNames(file: ImportFile, current: Model): Problem[] {
  const problems: Problem[] = [];
  const lists = [
    ["networks", "name", [...current.networks.values()].map(({ site, name }) => ({ site, id: name }))],
    ["resourcePools", "name", [...current.resourcePools.values()].map(({ site, name }) => ({ site, id: name }))],
    ["folders", "path", [...current.folders.values()].map(({ site, path }) => ({ site, id: path }))],
  ] as const;
  for (const [list, field, there] of lists) {
    const owner = new Map(there.map(({ site, id }) => [id, site]));
    file.sites.forEach((site, index) => {
      site[list].forEach((entry, position) => {
        const id = field === "path" && "path" in entry ? entry.path : entry.name;
        const other = owner.get(id);
        if (other !== undefined && keyOf(other) !== keyOf(site.name)) {
          problems.push({
            path: ["sites", index, list, position, field],
            message: `The site ${other} has it under this ${field}; lab sites share these names.`,
          });
        }
        owner.set(id, site.name);
      });
    });
  }
  return problems;
}
