/** Everything that can be wrong with a file that has the right shape, in the order of the file's checks: names, references, sense. */
import type { Quotas } from "../domain/quotas.ts";
import { checkNames } from "./check-names.ts";
import { checkPlans } from "./check-plans.ts";
import { checkProtection } from "./check-protection.ts";
import { checkReferences } from "./check-references.ts";
import { checkSettings } from "./check-settings.ts";
import type { ImportFile } from "./file.ts";
import { createIndex } from "./index-of.ts";
import { keyOf, type Model, merged } from "./items.ts";
import type { Path, Problem } from "./problem.ts";
import { wantedModel } from "./wanted.ts";

export function check(
  file: ImportFile,
  current: Model,
  quotas: Quotas,
): { readonly wanted: Model } | { readonly problems: readonly Problem[] } {
  const index = createIndex(file, current);
  const problems = [
    ...checkNames(file, current),
    ...checkReferences(file, index, current),
    ...checkProtection(file, index, current, quotas),
    ...checkSettings(file),
  ];
  if (problems.length > 0) return { problems };
  const wanted = wantedModel(file, index);
  const settingsAt = new Map(
    file.vmSettings.map(({ virtualMachine, site }, at) => [keyOf(index.vm(virtualMachine, site).site, virtualMachine), at]),
  );
  const plansAt = new Map(file.recoveryPlans.map(({ name }, at) => [keyOf(name), at]));
  const together = [...neverChanges(file, wanted, current), ...checkPlans(merged(current, wanted), settingsAt, plansAt)];
  return together.length > 0 ? { problems: together } : { wanted };
}

/** What a thing is from its beginning. Another one is made under another name. */
function neverChanges(file: ImportFile, wanted: Model, current: Model): Problem[] {
  const problems: Problem[] = [];
  const same = <I extends object>(path: Path, from: I | undefined, to: I | undefined, fields: readonly (keyof I & string)[]) => {
    if (from === undefined || to === undefined) return;
    for (const field of fields) {
      if (from[field] !== to[field])
        problems.push({ path: [...path, field], message: `It is ${String(from[field])} and can't be changed.` });
    }
  };
  file.sites.forEach(({ name, virtualMachines }, s) => {
    same(["sites", s], current.sites.get(keyOf(name)), wanted.sites.get(keyOf(name)), ["type", "provider", "externalId"]);
    virtualMachines.forEach((vm, v) => {
      const key = keyOf(name, vm.name);
      same(["sites", s, "virtualMachines", v], current.vms.get(key), wanted.vms.get(key), ["externalId"]);
    });
  });
  file.protectionGroups.forEach(({ name }, g) => {
    const fixed = ["type", "protectedSite", "recoverySite", "externalId"] as const;
    same(["protectionGroups", g], current.groups.get(keyOf(name)), wanted.groups.get(keyOf(name)), fixed);
  });
  file.recoveryPlans.forEach(({ name }, p) => {
    same(["recoveryPlans", p], current.plans.get(keyOf(name)), wanted.plans.get(keyOf(name)), ["protectedSite", "recoverySite"]);
  });
  return problems;
}
