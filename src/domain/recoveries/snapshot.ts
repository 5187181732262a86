/**
 * From the rows of a plan to what its test works on: every value resolved, nothing looked up later. Pure. What stands in the
 * way comes back as faults, all of them; what the run only mentions as warnings.
 */
import type {
  RunWarning,
  SnapshotGroup,
  SnapshotPlanStep,
  SnapshotPriorityGroup,
  SnapshotSite,
  SnapshotTestNetwork,
  SnapshotVm,
  TestOptions,
  TestSnapshot,
} from "../../engine/run-snapshot.ts";
import { emptyPlan, type Fault } from "./service-faults.ts";
import { type Networks, placesOf, testNetworksOf } from "./snapshot-mappings.ts";
import type { GroupRow, PlanRows, PlanStepRow, VmRow } from "./snapshot-rows.ts";
import { resolveVm, rowsByVm } from "./snapshot-vm.ts";

export interface SnapshotInput {
  readonly rows: PlanRows;
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
  readonly options: TestOptions;
  readonly pastSeconds: Readonly<Record<string, number>>;
  /** What was found before, such as an option that was ignored. */
  readonly warnings: readonly RunWarning[];
}

export type SnapshotResult = { readonly snapshot: TestSnapshot } | { readonly faults: readonly Fault[] };

export function buildTestSnapshot({ rows, protectedSite, recoverySite, options, pastSeconds, warnings }: SnapshotInput): SnapshotResult {
  const faults: Fault[] = [];
  const notes: RunWarning[] = [...warnings];
  const networks = testNetworksOf(rows.networkMappings);
  const vms = resolveVms(rows, networks, recoverySite, options, faults, notes);
  if (rows.groups.length === 0 || vms.length === 0) faults.unshift(emptyPlan(rows.plan));
  if (!options.syncData) faults.push(...rows.groups.filter(({ hasCompletePoint }) => !hasCompletePoint).map(noPoint));
  faults.push(...targetsTwice(vms));
  if (faults.length > 0) return { faults };
  return {
    snapshot: {
      version: 1,
      kind: "TEST",
      plan: { id: rows.plan.id, name: rows.plan.name },
      protectedSite,
      recoverySite,
      options,
      groups: rows.groups.map(groupOf),
      testNetworks: networksInUse(networks, vms),
      priorityGroups: priorityGroupsOf(rows),
      vms,
      pastSeconds,
      warnings: notes,
    },
  };
}

function resolveVms(
  rows: PlanRows,
  networks: Networks,
  recoverySite: SnapshotSite,
  options: TestOptions,
  faults: Fault[],
  notes: RunWarning[],
): SnapshotVm[] {
  const configured = rows.vms.filter((vm) => vm.placeholderExternalId !== null);
  for (const vm of rows.vms) if (vm.placeholderExternalId === null) notes.push(notConfigured(vm));
  const related = rowsByVm(rows);
  const places = placesOf(rows.placeMappings);
  const inRun = new Set(configured.map(({ id }) => id));
  return configured.map((vm) => {
    const context = { plan: rows.plan, related: related(vm.id), networks, places, recoverySite, options, inRun };
    const resolved = resolveVm(vm, context);
    faults.push(...resolved.faults);
    notes.push(...resolved.warnings);
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
function networksInUse(networks: Networks, vms: readonly SnapshotVm[]): SnapshotTestNetwork[] {
  const used = new Set(vms.flatMap(({ nics }) => nics.map(({ testNetwork }) => testNetwork)));
  return [...networks.all.values()].filter(({ id }) => used.has(id));
}

function targetsTwice(vms: readonly SnapshotVm[]): Fault[] {
  const owner = new Map<string, string>();
  const faults: Fault[] = [];
  for (const vm of vms) {
    for (const { ip } of vm.addresses ?? []) {
      if (ip === null) continue;
      const first = owner.get(ip);
      if (first !== undefined) {
        faults.push({
          code: "DUPLICATE_ADDRESS",
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
  message: `${name} has no placeholder at the recovery site and is left out of this run.`,
});

const noPoint = ({ name }: GroupRow): Fault => ({
  code: "NO_RECOVERY_POINT",
  message: `The group ${name} has no complete recovery point, and none is made without synchronising.`,
  remedy: "Start the test with syncData, or wait for the group's next replication.",
});
