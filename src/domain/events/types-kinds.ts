/** Kinds of change that `events` delivers: what each is about. Audit records have a stream of their own. */
import { type ChangeKind, changeKinds } from "../../events/changes.ts";
import { builder } from "../builder.ts";

export type ChangeEventKind = Exclude<ChangeKind, "AUDIT_RECORDED">;

/** Name of the event's type, and of the type of what has changed. */
export const subjects = {
  PLAN_CHANGED: { event: "PlanChangedEvent", type: "RecoveryPlan", what: "A recovery plan" },
  PROTECTION_GROUP_CHANGED: { event: "ProtectionGroupChangedEvent", type: "ProtectionGroup", what: "A protection group" },
  VM_CHANGED: { event: "VmChangedEvent", type: "VirtualMachine", what: "A VM" },
  TASK_CHANGED: { event: "TaskChangedEvent", type: "Task", what: "A task" },
  SITE_CHANGED: { event: "SiteChangedEvent", type: "Site", what: "A site or its inventory" },
  PAIRING_CHANGED: { event: "PairingChangedEvent", type: "SitePairing", what: "A pair of sites or its mappings" },
  DRILL_CHANGED: { event: "DrillChangedEvent", type: "Drill", what: "A drill, or one of its occurrences" },
  RPO_VIOLATION_CHANGED: { event: "RpoViolationChangedEvent", type: "RpoViolation", what: "A violation of an RPO" },
  READINESS_CHANGED: { event: "ReadinessChangedEvent", type: "RecoveryPlan", what: "A plan's readiness or its findings" },
  REPORT_CHANGED: { event: "ReportChangedEvent", type: "Report", what: "A report" },
} as const satisfies Record<ChangeEventKind, Subject>;

interface Subject {
  readonly event: string;
  readonly type: string;
  readonly what: string;
}

export const isChangeEventKind = (kind: ChangeKind): kind is ChangeEventKind => kind !== "AUDIT_RECORDED";
export const changeEventKinds: readonly ChangeEventKind[] = changeKinds.filter(isChangeEventKind);

export const ChangeEventKindRef = builder.enumType("ChangeEventKind", {
  description: "What has changed. Expect kinds that are added later.",
  values: Object.fromEntries(
    changeEventKinds.map((kind) => [kind, { value: kind, description: `${subjects[kind].what}: ${subjects[kind].event}.` }]),
  ),
});

export const ChangeTypeRef = builder.enumType("ChangeType", {
  description: "What became of it.",
  values: {
    CREATED: { description: "It is new." },
    UPDATED: { description: "It has changed, or something that it is computed from has." },
    DELETED: { description: "It is no more: its id finds nothing, and what showed it shows it no more." },
  } as const,
});
