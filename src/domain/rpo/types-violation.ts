/** Times in which the replica of a VM was older than its group allows. (Reference: Get RPO Violations.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { VirtualMachineRef } from "../inventory/types-vm.ts";
import { ProtectionGroupRef } from "../protection/types-refs.ts";
import { RpoViolationRef } from "./types-refs.ts";

const RpoViolationCause = builder.enumType("RpoViolationCause", {
  description: "Why replication did not keep up. Of several reasons the first of these. (Reference: cause.)",
  values: {
    SITE_DISCONNECTED: { description: "A site of the group could not be reached." },
    PAUSED: { description: "The VM's replication was paused." },
    SYNC_FAILED: { description: "Replication cycles of the group failed: ProtectionGroup.replicationError." },
    LAG: { description: "Nothing was known to be wrong: copies took too long, or no gateway was there to order them." },
  } as const,
});

export const RpoViolationSeverity = builder.enumType("RpoViolationSeverity", {
  description: "How bad it is.",
  values: {
    WARNING: { description: "The lag is over the RPO." },
    CRITICAL: { description: "The lag is over three times the RPO, or was, since the violation began." },
  } as const,
});

const minutes = (seconds: number) => Math.ceil(seconds / 60);

builder.node(RpoViolationRef, {
  description:
    "A time in which the newest complete recovery point of a VM's group was older than the RPO. It is found from the points themselves, so that its times hold although nobody measured then. Kept for 400 days. (Reference: Get RPO Violations.)",
  id: { resolve: ({ id }) => id, description: "Global id of the violation." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.violation.loadMany(ids)),
  fields: (t) => ({
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM (reference: vm_id); null: it is no more.",
      resolve: ({ vmId }, _args, { loaders }) => loaders.vm.load(vmId),
    }),
    vmName: t.exposeString("vmName", { description: "What the VM was called when it began (reference: vm_name)." }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The VM's group then; null: it is no more.",
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
    protectionGroupName: t.exposeString("groupName", {
      description: "What the group was called when it began (reference: protection_group).",
    }),
    configuredRpoMinutes: t.exposeInt("rpoMinutes", {
      description: "The group's RPO when it began, in minutes (reference: configured_rpo_minutes).",
    }),
    currentLagSeconds: t.exposeInt("currentLagSeconds", {
      description: "How old the newest point was when the lag was measured last, some 30 s ago at most; of one that is over, at its end.",
    }),
    currentLagMinutes: t.int({
      description: "The same in minutes, rounded up (reference: current_lag_minutes).",
      resolve: ({ currentLagSeconds }) => minutes(currentLagSeconds),
    }),
    worstLagSeconds: t.exposeInt("worstLagSeconds", { description: "The longest lag in its time, in seconds." }),
    worstLagMinutes: t.int({
      description: "The same in minutes, rounded up.",
      resolve: ({ worstLagSeconds }) => minutes(worstLagSeconds),
    }),
    startTime: t.expose("openedAt", {
      type: "DateTime",
      description: "When the lag came to be over the RPO, not when that was noticed (reference: violation_start_time).",
    }),
    endTime: t.expose("closedAt", {
      type: "DateTime",
      nullable: true,
      description:
        "When a newer point was complete, or the VM's lag no longer counted: a real recovery took its group, or it left it. Null: it is open.",
    }),
    criticalSince: t.expose("criticalSince", {
      type: "DateTime",
      nullable: true,
      description: "When the lag came to be over three times the RPO; null: it never was.",
    }),
    severity: t.field({
      type: RpoViolationSeverity,
      description: "CRITICAL from `criticalSince` on, also when it is over.",
      resolve: ({ criticalSince }) => (criticalSince === null ? "WARNING" : "CRITICAL"),
    }),
    cause: t.expose("cause", { type: RpoViolationCause, description: "Why." }),
  }),
});
