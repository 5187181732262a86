/** Events of what changes beside the runs, as `events` delivers them: an interface with a type for each kind. */
import type { Change, LoggedChange } from "../../events/changes.ts";
import { builder } from "../builder.ts";
import { DrillRef } from "../drills/types-refs.ts";
import { encodeId } from "../ids.ts";
import { VirtualMachineRef } from "../inventory/types-vm.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { ProtectionGroupRef } from "../protection/types-refs.ts";
import { ReportRef } from "../reports/types-refs.ts";
import { RpoViolationRef } from "../rpo/types-refs.ts";
import { SitePairingRef, SiteRef } from "../sites/types.ts";
import { TaskRef } from "../tasks/types-refs.ts";
import { type ChangeEventKind, ChangeEventKindRef, ChangeTypeRef, isChangeEventKind, subjects } from "./types-kinds.ts";

/** A change of the log with its cursor. */
export interface ChangeIn {
  readonly cursor: string;
  readonly occurredAt: Date;
  readonly change: Change & { readonly kind: ChangeEventKind };
}

/** Null: it is none of those that `events` delivers. */
export function changeIn({ occurredAt, change }: LoggedChange, cursor: string): ChangeIn | null {
  const { kind } = change;
  return isChangeEventKind(kind) ? { cursor, occurredAt, change: { ...change, kind } } : null;
}

export const ChangeEventRef = builder.interfaceRef<ChangeIn>("ChangeEvent").implement({
  description:
    "Something has changed: what it is about, as it was named then; the object that it leads to is as it is now, with all changes up to then.",
  resolveType: ({ change }) => subjects[change.kind].event,
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Behind this event: `after` goes on here." }),
    occurredAt: t.expose("occurredAt", { type: "DateTime", description: "When it was written, by the database's clock." }),
    kind: t.field({ type: ChangeEventKindRef, description: "What has changed.", resolve: ({ change }) => change.kind }),
    change: t.field({ type: ChangeTypeRef, description: "What became of it.", resolve: ({ change }) => change.change }),
    subjectId: t.id({
      description: "Global id of what has changed, also when it was deleted.",
      resolve: ({ change }) => encodeId(subjects[change.kind].type, change.id),
    }),
    subjectType: t.string({
      description: "Name of its type, such as RecoveryPlan: with the id what a client's cache knows it by.",
      resolve: ({ change }) => subjects[change.kind].type,
    }),
    name: t.string({
      nullable: true,
      description: "What it was called then: all that is left of something deleted. Null: it has no name of its own.",
      resolve: ({ change }) => change.name ?? null,
    }),
  }),
});

const now = "as it is now; null: it is no more.";

builder.objectRef<ChangeIn>(subjects.PLAN_CHANGED.event).implement({
  description:
    "A recovery plan has changed: its settings, steps or groups, or its state, which follows from its run, groups and sites too.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: `The plan ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.plan.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.PROTECTION_GROUP_CHANGED.event).implement({
  description: "A protection group has changed: its settings, its state, or one of its VMs. What may be done with its VMs follows from it.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: `The group ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.group.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.VM_CHANGED.event).implement({
  description:
    "A VM has changed: what its site tells of it, its protection, its recovery settings, its network mappings, or which VMs depend on it.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: `The VM ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.vm.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.TASK_CHANGED.event).implement({
  description: "A task has begun, ended, or come further; the latter at most once a second.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    task: t.field({
      type: TaskRef,
      nullable: true,
      description: `The task ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.task.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.SITE_CHANGED.event).implement({
  description: "A site has changed: its state, or what it has (datastores, networks, resource pools, folders).",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: `The site ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.site.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.PAIRING_CHANGED.event).implement({
  description:
    "A pair of sites has changed: its state, its managers and servers, or an inventory mapping. Where its VMs go, and what they lack, follows from it.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    pairing: t.field({
      type: SitePairingRef,
      nullable: true,
      description: `The pairing ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.pairing.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.DRILL_CHANGED.event).implement({
  description: "A drill has changed: its settings, its schedule, or what became of one of its due times.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    drill: t.field({
      type: DrillRef,
      nullable: true,
      description: `The drill ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.drill.load(change.id),
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.RPO_VIOLATION_CHANGED.event).implement({
  description:
    "A VM's replica has become older than its group allows, three times as old, or recent enough again; what explains it is another cause, or a plan has got the group while it is late. That the lag grows meanwhile is not told of. (Reference: Get RPO Violations.)",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    violation: t.field({
      type: RpoViolationRef,
      nullable: true,
      description: `The violation ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.violation.load(change.id),
    }),
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: `The VM ${now}`,
      resolve: async ({ change }, _args, { loaders }) => {
        const violation = await loaders.violation.load(change.id);
        return violation && loaders.vm.load(violation.vmId);
      },
    }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: `The VM's group ${now}`,
      resolve: async ({ change }, _args, { loaders }) => {
        const violation = await loaders.violation.load(change.id);
        return violation && loaders.group.load(violation.groupId);
      },
    }),
  }),
});

builder.objectRef<ChangeIn>(subjects.REPORT_CHANGED.event).implement({
  description: "A report was asked for, has come further, is done, has failed or has expired.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    report: t.field({
      type: ReportRef,
      nullable: true,
      description: `The report ${now}`,
      resolve: ({ change }, _args, { loaders }) => loaders.report.load(change.id),
    }),
  }),
});
