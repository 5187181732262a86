import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idIfGiven, idOf } from "../ids.ts";
import { PlanReadiness } from "../readiness/types-enums.ts";
import { ResultState } from "../recoveries/types/enums.ts";
import { PlanLifecycle, PlanState } from "./types-enums.ts";
import { RecoveryPlanRef } from "./types-refs.ts";

const RecoveryPlanOrderField = builder.enumType("RecoveryPlanOrderField", {
  description: "What plans are sorted by.",
  values: {
    NAME: { description: "Name, without regard to case." },
    LAST_TEST_TIME: { description: "Time of the last test; never is earliest." },
    CREATED_AT: { description: "When they were made." },
  } as const,
});

const RecoveryPlanOrder = builder.inputType("RecoveryPlanOrder", {
  description: "How plans are sorted.",
  fields: (t) => ({
    field: t.field({ type: RecoveryPlanOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const RecoveryPlanFilter = builder.inputType("RecoveryPlanFilter", {
  description: "Which plans; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    state: t.field({ type: PlanState, description: "Only those in this state. (Reference: filter_property STATE.)" }),
    lifecycle: t.field({ type: PlanLifecycle, description: "Only those in this lifecycle." }),
    siteId: t.id({ description: "Only those of this site's pairs." }),
    lastTestResult: t.field({ type: ResultState, description: "Only those whose last test went so." }),
    readiness: t.field({ type: PlanReadiness, description: "Only those that are so ready, by their last evaluation." }),
  }),
});

const RecoveryPlanConnection = builder.connectionObject(
  { type: RecoveryPlanRef, name: "RecoveryPlanConnection", description: "A page of recovery plans." },
  { name: "RecoveryPlanEdge", description: "A recovery plan in a page." },
);

builder.queryFields((t) => ({
  recoveryPlans: t.field({
    type: RecoveryPlanConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Recovery plans, by name unless told otherwise. (Reference: List Recovery Plans.)",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: RecoveryPlanFilter, description: "Which plans; all by default." }),
      orderBy: t.arg({ type: RecoveryPlanOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) => {
      const siteId = idIfGiven("Site", filter?.siteId, ["filter", "siteId"]);
      return loaders.planList.rows(null, { ...args, filter: filter ? { ...filter, siteId } : null });
    },
  }),
  recoveryPlan: t.field({
    type: RecoveryPlanRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The plan with this id; null when there is none. (Reference: Get Recovery Plan Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a recovery plan." }) },
    resolve: (_root, { id }, { loaders }) => loaders.plan.load(idOf("RecoveryPlan", id)),
  }),
}));
