/** What only shows when plan, groups and settings are seen together, as they will stand: cycles, addresses given twice. */
import { type PlanProblem, type PlanVm, problemsOf } from "../domain/plans/graph.ts";
import { keyOf, type Model, type PlanItem } from "./items.ts";
import type { Path, Problem } from "./problem.ts";

/** `settingsAt`, `plansAt`: where the file has them, by key. A plan of the database is checked too: its VMs' settings may change. */
export function checkPlans(model: Model, settingsAt: ReadonlyMap<string, number>, plansAt: ReadonlyMap<string, number>): Problem[] {
  return [...model.plans.entries()].flatMap(([key, plan]) => {
    const vms = vmsOf(plan, model);
    const pathOf = (problem: PlanProblem) =>
      problem.kind === "CYCLE" ? pathOfCycle(problem.vmIds, vms, settingsAt, plansAt.get(key)) : pathOfRule(problem, settingsAt);
    return problemsOf(plan.name, vms).map((problem) => ({ path: pathOf(problem), message: problem.message }));
  });
}

function vmsOf(plan: PlanItem, model: Model): PlanVm[] {
  return plan.priorityGroups.flatMap(({ priority, protectionGroups }) => {
    const groups = protectionGroups.flatMap((name) => model.groups.get(keyOf(name)) ?? []);
    return groups.flatMap(({ protectedSite, virtualMachines }) =>
      virtualMachines.map((name) => {
        const id = keyOf(protectedSite, name);
        const settings = model.settings.get(id);
        const rules = settings?.ipCustomizationEnabled ? settings.ipRules : [];
        return {
          id,
          name,
          priorityGroup: priority,
          priority: settings?.priority ?? plan.defaultVmPriority,
          dependsOn: (settings?.dependsOn ?? []).map((other) => keyOf(protectedSite, other)),
          addresses: rules.flatMap(({ targetIp }, rule) => (targetIp === null ? [] : [{ rule, targetIp }])),
        };
      }),
    );
  });
}

/** At the settings of a VM in it that the file has, else at the plan. */
function pathOfCycle(
  vmIds: readonly string[],
  vms: readonly PlanVm[],
  settingsAt: ReadonlyMap<string, number>,
  planAt: number | undefined,
): Path {
  const waiting = new Set(vms.filter(({ dependsOn }) => dependsOn.length > 0).map(({ id }) => id));
  const [at] = vmIds.flatMap((id) => (waiting.has(id) ? (settingsAt.get(id) ?? []) : []));
  if (at !== undefined) return ["vmSettings", at, "dependsOn"];
  return planAt === undefined ? [] : ["recoveryPlans", planAt];
}

function pathOfRule({ vmId, rule }: PlanProblem & { kind: "ADDRESS" }, settingsAt: ReadonlyMap<string, number>): Path {
  const at = settingsAt.get(vmId);
  return at === undefined ? [] : ["vmSettings", at, "ipCustomization", "rules", rule, "targetIp"];
}
