/** Groups and plans: what they name is there, fits together, and stays within the limits. */
import type { Quotas } from "../domain/quotas.ts";
import { checkPair, References } from "./check-references.ts";
import type { ImportFile } from "./file.ts";
import type { GroupEntry, PlanEntry } from "./file-plans.ts";
import type { Index } from "./index-of.ts";
import { keyOf, type Model, pairKey } from "./items.ts";
import type { Path, Problem } from "./problem.ts";

export function checkProtection(file: ImportFile, index: Index, current: Model, quotas: Quotas): Problem[] {
  const references = new References(index);
  const pairs = new Set(
    [...current.pairings.values(), ...file.pairings].map(({ protectedSite, recoverySite }) => pairKey(protectedSite, recoverySite)),
  );
  const owners = ownersOf(file, current);
  for (const [g, group] of file.protectionGroups.entries()) checkGroup(group, ["protectionGroups", g], references, pairs, owners, quotas);
  for (const [p, plan] of file.recoveryPlans.entries()) checkPlan(plan, ["recoveryPlans", p], references, pairs, file, current, quotas);
  checkPlansPerSite(file, current, references, quotas);
  return references.problems;
}

/** Who has a VM or a datastore: groups of the database that the file does not name, then the file's as they come. */
interface Owners {
  readonly vms: Map<string, string>;
  readonly datastores: Map<string, string>;
}

function ownersOf(file: ImportFile, current: Model): Owners {
  const inFile = new Set(file.protectionGroups.map(({ name }) => keyOf(name)));
  const owners: Owners = { vms: new Map(), datastores: new Map() };
  for (const group of current.groups.values()) {
    if (inFile.has(keyOf(group.name))) continue;
    for (const vm of group.virtualMachines) owners.vms.set(keyOf(group.protectedSite, vm), group.name);
    for (const { sources } of group.storageGroups)
      for (const source of sources) owners.datastores.set(keyOf(group.protectedSite, source), group.name);
  }
  return owners;
}

function checkGroup(
  group: GroupEntry,
  path: Path,
  references: References,
  pairs: ReadonlySet<string>,
  owners: Owners,
  { vmsPerGroup }: Quotas,
): void {
  const sites = checkPair(group, path, references, pairs);
  if (sites === undefined) return;
  const take = (of: Map<string, string>, name: string, at: Path, what: string) => {
    const owner = of.get(keyOf(sites.protectedSite, name));
    if (owner !== undefined) references.say(at, `The ${what} ${name} is in the protection group ${owner} already.`);
    of.set(keyOf(sites.protectedSite, name), group.name);
  };
  const stores = new Set<string>();
  group.storageGroups.forEach(({ sources, target }, s) => {
    sources.forEach((source, d) => {
      const at: Path = [...path, "storageGroups", s, "sources", d];
      references.in(at, "datastores", sites.protectedSite, source);
      take(owners.datastores, source, at, "datastore");
      stores.add(keyOf(source));
    });
    references.in([...path, "storageGroups", s, "target"], "datastores", sites.recoverySite, target);
  });
  const members =
    group.virtualMachines ??
    references.index.membersOf(
      sites.protectedSite,
      undefined,
      group.storageGroups.flatMap(({ sources }) => sources),
    );
  members.forEach((name, v) => {
    const at: Path = group.virtualMachines === undefined ? path : [...path, "virtualMachines", v];
    if (references.vm(at, name, sites.protectedSite) === undefined) return;
    take(owners.vms, name, at, "VM");
    const datastore = references.index.vm(name, sites.protectedSite).datastore;
    if (stores.size > 0 && (datastore === null || !stores.has(keyOf(datastore)))) {
      references.say(at, `The VM ${name} lies on ${datastore ?? "no datastore"}, which this group does not replicate.`);
    }
  });
  const listAt: Path = group.virtualMachines === undefined ? path : [...path, "virtualMachines"];
  if (members.length > vmsPerGroup) {
    references.say(listAt, `A protection group has at most ${vmsPerGroup} VMs; this one has ${members.length}.`);
  }
}

function checkPlan(
  plan: PlanEntry,
  path: Path,
  references: References,
  pairs: ReadonlySet<string>,
  file: ImportFile,
  current: Model,
  { groupsPerPlan }: Quotas,
): void {
  const sites = checkPair(plan, path, references, pairs);
  const groups = plan.priorityGroups.flatMap(({ protectionGroups }, p) =>
    protectionGroups.map((name, g) => ({ name, at: [...path, "priorityGroups", p, "protectionGroups", g] })),
  );
  if (groups.length > groupsPerPlan) {
    references.say([...path, "priorityGroups"], `A plan has at most ${groupsPerPlan} protection groups; this one has ${groups.length}.`);
  }
  for (const { name, at } of groups) {
    if (references.group(at, name) === undefined || sites === undefined) continue;
    const group = file.protectionGroups.find((entry) => keyOf(entry.name) === keyOf(name)) ?? current.groups.get(keyOf(name));
    const fits = group && keyOf(group.protectedSite, group.recoverySite) === keyOf(sites.protectedSite, sites.recoverySite);
    if (!fits)
      references.say(at, `The protection group ${name} goes from ${group?.protectedSite} to ${group?.recoverySite}, this plan does not.`);
  }
  if (groups.length === 0) references.say([...path, "name"], "A plan has at least one protection group.");
}

function checkPlansPerSite(file: ImportFile, current: Model, { problems }: References, { plansPerSite }: Quotas): void {
  const inFile = new Set(file.recoveryPlans.map(({ name }) => keyOf(name)));
  const others = [...current.plans.values()].filter(({ name }) => !inFile.has(keyOf(name)));
  const counts = new Map<string, number>();
  const add = (site: string) => {
    const count = (counts.get(keyOf(site)) ?? 0) + 1;
    counts.set(keyOf(site), count);
    return count;
  };
  for (const plan of others) for (const site of [plan.protectedSite, plan.recoverySite]) add(site);
  file.recoveryPlans.forEach((plan, index) => {
    for (const field of ["protectedSite", "recoverySite"] as const) {
      const count = add(plan[field]);
      if (count !== plansPerSite + 1) continue;
      problems.push({
        path: ["recoveryPlans", index],
        message: `A site has at most ${plansPerSite} plans; this would be one more of ${plan[field]}.`,
      });
    }
  });
}
