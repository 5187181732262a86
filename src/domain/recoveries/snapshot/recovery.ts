/** From the rows of a plan to what a planned or a disaster recovery works on. Pure; what stands in the way comes back as faults. */
import type { RecoveryOptions, RecoverySnapshot, SiteCondition } from "../../../engine/run-snapshot.ts";
import { type Built, type SnapshotInput, withoutPoint } from "../snapshot.ts";
import { targetNetworksOf } from "./mappings.ts";
import { resolvePlan } from "./resolve.ts";

export interface RecoverySnapshotInput extends SnapshotInput<RecoveryOptions> {
  readonly kind: "PLANNED" | "DISASTER";
  readonly protectedSiteCondition: SiteCondition;
  readonly lastHeartbeatAt: Date | null;
  readonly rerunOf: string | null;
}

export function buildRecoverySnapshot(input: RecoverySnapshotInput): Built<RecoverySnapshot> {
  const {
    kind,
    rows,
    protectedSite,
    recoverySite,
    options,
    points,
    pastSeconds,
    warnings,
    protectedSiteCondition,
    lastHeartbeatAt,
    rerunOf,
  } = input;
  const plan = resolvePlan({ ...input, networks: targetNetworksOf(rows.networkMappings) });
  // A run that goes on with another one may have its points from there.
  const faults = [...plan.faults, ...(options.syncData || rerunOf !== null ? [] : withoutPoint(rows.groups))];
  if (faults.length > 0) return { plan, faults };
  return {
    plan,
    snapshot: {
      version: 1,
      kind,
      plan: { id: rows.plan.id, name: rows.plan.name },
      protectedSite,
      recoverySite,
      options,
      protectedSiteCondition,
      protectedSiteHeardAt: protectedSiteCondition === "DISCONNECTED" ? (lastHeartbeatAt?.toISOString() ?? null) : null,
      groups: plan.groups.map((group) => ({ ...group, pointId: points.get(group.id) ?? null })),
      testNetworks: plan.networks,
      priorityGroups: plan.priorityGroups,
      vms: plan.vms,
      rerunOf,
      pastSeconds,
      warnings: [...warnings, ...plan.warnings],
    },
  };
}
