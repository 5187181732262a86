/**
 * From the rows of a plan to what its test works on: every value resolved, nothing looked up later. Pure. What stands in the
 * way comes back as faults, all of them; what the run only mentions as warnings.
 */
import type { RunWarning, SnapshotSite, TestOptions, TestSnapshot } from "../../engine/run-snapshot.ts";
import type { Fault } from "./service/faults.ts";
import { testNetworksOf } from "./snapshot/mappings.ts";
import { type ResolvedPlan, resolvePlan } from "./snapshot/resolve.ts";
import type { GroupRow, PlanRows } from "./snapshot/rows.ts";

export interface SnapshotInput<O extends TestOptions = TestOptions> {
  readonly rows: PlanRows;
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
  readonly options: O;
  /** By group: the provider's id of the point that was asked for. */
  readonly points: ReadonlyMap<string, string>;
  readonly pastSeconds: Readonly<Record<string, number>>;
  /** What was found before, such as an option that was ignored. */
  readonly warnings: readonly RunWarning[];
}

/** The plan as it was resolved is there either way. */
export type Built<S> = { readonly plan: ResolvedPlan } & ({ readonly snapshot: S } | { readonly faults: readonly Fault[] });

export function buildTestSnapshot(input: SnapshotInput): Built<TestSnapshot> {
  const { rows, protectedSite, recoverySite, options, points, pastSeconds, warnings } = input;
  const plan = resolvePlan({ ...input, networks: testNetworksOf(rows.networkMappings) });
  const faults = [...plan.faults, ...(options.syncData ? [] : withoutPoint(rows.groups))];
  if (faults.length > 0) return { plan, faults };
  return {
    plan,
    snapshot: {
      version: 1,
      kind: "TEST",
      plan: { id: rows.plan.id, name: rows.plan.name },
      protectedSite,
      recoverySite,
      options,
      groups: plan.groups.map((group) => ({ ...group, pointId: points.get(group.id) ?? null })),
      testNetworks: plan.networks,
      priorityGroups: plan.priorityGroups,
      vms: plan.vms,
      pastSeconds,
      warnings: [...warnings, ...plan.warnings],
    },
  };
}

/** Groups that nothing could be recovered of, unless they are synchronised first. */
export const withoutPoint = (groups: readonly GroupRow[]): Fault[] =>
  groups.filter(({ hasCompletePoint }) => !hasCompletePoint).map(noPoint);

const noPoint = ({ name }: GroupRow): Fault => ({
  code: "NO_RECOVERY_POINT",
  object: name,
  message: `The group ${name} has no complete recovery point, and none is made without synchronising.`,
  remedy: "Start with syncData, or wait for the group's next replication.",
});
