/** What a test and a recovery of a plan have in common: every VM, step and network of it, resolved. Pure. */
import type {
  RunWarning,
  SnapshotGroup,
  SnapshotPlanStep,
  SnapshotPriorityGroup,
  SnapshotSite,
  SnapshotTestNetwork,
  TestOptions,
} from "../../../engine/run-snapshot.ts";
import { emptyPlan, type Fault } from "../service/faults.ts";
import { type Networks, placesOf } from "./mappings.ts";
import type { GroupRow, PlanRows, PlanStepRow, VmRow } from "./rows.ts";
import { type ResolvedVm, resolveVm, rowsByVm } from "./vm.ts";

export interface ToResolve {
  readonly rows: PlanRows;
  readonly networks: Networks;
  readonly recoverySite: SnapshotSite;
  readonly options: TestOptions;
}

export interface ResolvedPlan {
  readonly groups: readonly SnapshotGroup[];
  readonly priorityGroups: readonly SnapshotPriorityGroup[];
  readonly networks: readonly SnapshotTestNetwork[];
  readonly vms: readonly ResolvedVm["vm"][];
  readonly faults: readonly Fault[];
  readonly warnings: readonly RunWarning[];
}

export function resolvePlan(plan: ToResolve): ResolvedPlan {
  const { rows, networks } = plan;
  const faults: Fault[] = [];
  const warnings: RunWarning[] = [];
  const vms = resolveVms(plan, faults, warnings);
  if (rows.groups.length === 0 || vms.length === 0) faults.unshift(emptyPlan(rows.plan));
  faults.push(...targetsTwice(vms));
  const groups = rows.groups.map(groupOf);
  return { groups, priorityGroups: priorityGroupsOf(rows), networks: networksInUse(networks, vms), vms, faults, warnings };
}

function resolveVms({ rows, networks, recoverySite, options }: ToResolve, faults: Fault[], warnings: RunWarning[]) {
  const configured = rows.vms.filter((vm) => vm.placeholderExternalId !== null);
  for (const vm of rows.vms) if (vm.placeholderExternalId === null) warnings.push(notConfigured(vm));
  const related = rowsByVm(rows);
  const places = placesOf(rows.placeMappings);
  const inRun = new Set(configured.map(({ id }) => id));
  const turned = new Set(rows.groups.filter((group) => group.turned).map(({ id }) => id));
  return configured.map((vm) => {
    const isFailback = turned.has(vm.groupId);
    const context = { plan: rows.plan, related: related(vm.id), networks, places, recoverySite, options, inRun, isFailback };
    const resolved = resolveVm(vm, context);
    faults.push(...resolved.faults);
    warnings.push(...resolved.warnings);
    return resolved.vm;
  });
}

const groupOf = ({ id, name, externalId }: GroupRow): SnapshotGroup => ({ id, name, externalId });

function priorityGroupsOf({ priorityGroups, groups, planSteps }: PlanRows): SnapshotPriorityGroup[] {
  const stepsOf = (id: string, phase: PlanStepRow["phase"]) =>
    planSteps.filter((step) => step.priorityGroupId === id && step.phase === phase).map(planStepOf);
  return priorityGroups.map(({ id, priority, name }) => ({
    priority,
    name,
    groupIds: groups.filter(({ priorityGroupId }) => priorityGroupId === id).map((group) => group.id),
    preSteps: stepsOf(id, "PRE_POWER_ON"),
    postSteps: stepsOf(id, "POST_POWER_ON"),
  }));
}

function planStepOf(row: PlanStepRow): SnapshotPlanStep {
  const { id, name } = row;
  switch (row.type) {
    case "COMMAND":
      return {
        id,
        name,
        type: "COMMAND",
        command: row.command ?? "",
        arguments: row.arguments,
        timeoutSeconds: row.timeoutSeconds ?? 300,
        runOnSite: row.runOnSite ?? "RECOVERY",
        continueOnFailure: row.continueOnFailure,
        runInTest: row.runInTest,
        rerunnable: row.rerunnable,
      };
    case "PROMPT":
      return {
        id,
        name,
        type: "PROMPT",
        message: row.message ?? name,
        timeoutSeconds: row.timeoutSeconds,
        defaultAnswer: row.defaultAnswer,
        ...(row.needsTwoPeople ? { needsTwoPeople: true } : {}),
      };
    case "PAUSE":
      return { id, name, type: "PAUSE", durationSeconds: row.durationSeconds };
  }
}

/** Only those that an adapter is connected to are made. */
function networksInUse(networks: Networks, vms: readonly ResolvedVm["vm"][]): SnapshotTestNetwork[] {
  const used = new Set(vms.flatMap(({ nics }) => nics.map(({ testNetwork }) => testNetwork)));
  return [...networks.all.values()].filter(({ id }) => used.has(id));
}

function targetsTwice(vms: readonly ResolvedVm["vm"][]): Fault[] {
  const owner = new Map<string, string>();
  const faults: Fault[] = [];
  for (const vm of vms) {
    for (const { ip } of vm.addresses ?? []) {
      if (ip === null) continue;
      const first = owner.get(ip);
      if (first !== undefined) {
        faults.push({
          code: "DUPLICATE_ADDRESS",
          object: vm.name,
          message: `${first} and ${vm.name} are both to get the address ${ip}.`,
          remedy: "Give each adapter of the plan an address of its own.",
        });
      }
      owner.set(ip, vm.name);
    }
  }
  return faults;
}

const notConfigured = ({ name }: VmRow): RunWarning => ({
  code: "VM_NOT_CONFIGURED",
  object: name,
  message: `${name} has no placeholder at the recovery site and is left out of this run.`,
});
