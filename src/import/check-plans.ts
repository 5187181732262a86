/** What only shows when plan, groups and settings are seen together, as they will stand: cycles, addresses given twice. */
import { findCycle, type OrderedVm } from "../engine/cycles.ts";
import { keyOf, type Model, type PlanItem } from "./items.ts";
import type { Problem } from "./problem.ts";

/** `settingsAt`, `plansAt`: where the file has them, by key. A plan of the database is checked too: its VMs' settings may change. */
export function checkPlans(model: Model, settingsAt: ReadonlyMap<string, number>, plansAt: ReadonlyMap<string, number>): Problem[] {
  return [...model.plans.entries()].flatMap(([key, plan]) => {
    const vms = vmsOf(plan, model);
    return [...cyclesOf(plan, vms, plansAt.get(key), settingsAt), ...addressesTwice(plan, vms, model, settingsAt)];
  });
}

interface PlanVm extends OrderedVm {
  readonly site: string;
}

function vmsOf(plan: PlanItem, model: Model): PlanVm[] {
  return plan.priorityGroups.flatMap(({ priority, protectionGroups }) => {
    const groups = protectionGroups.flatMap((name) => model.groups.get(keyOf(name)) ?? []);
    return groups.flatMap(({ protectedSite, virtualMachines }) =>
      virtualMachines.map((name) => {
        const id = keyOf(protectedSite, name);
        const settings = model.settings.get(id);
        const dependsOn = (settings?.dependsOn ?? []).map((other) => keyOf(protectedSite, other));
        return {
          id,
          name,
          site: protectedSite,
          priorityGroup: priority,
          priority: settings?.priority ?? plan.defaultVmPriority,
          dependsOn,
        };
      }),
    );
  });
}

function cyclesOf(plan: PlanItem, vms: readonly PlanVm[], planAt: number | undefined, settingsAt: ReadonlyMap<string, number>): Problem[] {
  const cycle = findCycle(vms);
  if (cycle === null) return [];
  const at = cycle.vms.flatMap(({ id, dependsOn }) => (dependsOn.length > 0 ? (settingsAt.get(id) ?? []) : []))[0];
  const path = at !== undefined ? ["vmSettings", at, "dependsOn"] : planAt !== undefined ? ["recoveryPlans", planAt] : [];
  return [{ path, message: `In the plan ${plan.name} VMs would wait for each other for ever: ${cycle.sentence}.` }];
}

function addressesTwice(plan: PlanItem, vms: readonly PlanVm[], model: Model, settingsAt: ReadonlyMap<string, number>): Problem[] {
  const owner = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { id, name } of vms) {
    const settings = model.settings.get(id);
    if (!settings?.ipCustomizationEnabled) continue;
    settings.ipRules.forEach(({ targetIp }, rule) => {
      if (targetIp === null) return;
      const first = owner.get(targetIp.toLowerCase());
      const at = settingsAt.get(id);
      const path = at === undefined ? [] : ["vmSettings", at, "ipCustomization", "rules", rule, "targetIp"];
      if (first !== undefined) problems.push({ path, message: `In the plan ${plan.name} the address ${targetIp} is ${first}'s already.` });
      owner.set(targetIp.toLowerCase(), name);
    });
  }
  return problems;
}
