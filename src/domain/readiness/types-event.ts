/** The event of a plan's readiness. */
import { builder } from "../builder.ts";
import { ChangeEventRef, type ChangeIn } from "../events/types-changes.ts";
import { subjects } from "../events/types-kinds.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { codeOf, PlanReadiness, ReadinessCode } from "./types-enums.ts";

builder.objectRef<ChangeIn>(subjects.READINESS_CHANGED.event).implement({
  description:
    "An evaluation of a plan has found something new, or something no more. Other than most events it says what it was then: read the plan's findings for how they are now.",
  interfaces: [ChangeEventRef],
  fields: (t) => ({
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan as it is now; null: it is no more.",
      resolve: ({ change }, _args, { loaders }) => loaders.plan.load(change.id),
    }),
    before: t.field({
      type: PlanReadiness,
      description: "How it was; UNKNOWN: this is its first evaluation.",
      resolve: ({ change }) => change.details?.before ?? "UNKNOWN",
    }),
    after: t.field({ type: PlanReadiness, description: "How it is.", resolve: ({ change }) => change.details?.after ?? "UNKNOWN" }),
    opened: t.field({
      type: [ReadinessCode],
      description: "Rules with findings that are new, each once.",
      resolve: ({ change }) => (change.details?.opened ?? []).map(codeOf),
    }),
    resolved: t.field({
      type: [ReadinessCode],
      description: "Rules with findings that are no more, each once.",
      resolve: ({ change }) => (change.details?.resolved ?? []).map(codeOf),
    }),
  }),
});
