/** What a plan says of its readiness. */
import { builder } from "../builder.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import { PlanChangeRef, ReadinessFindingConnection, UntestedStepRef } from "./types.ts";
import { PlanReadiness, ReadinessCode, ReadinessSeverity } from "./types-enums.ts";

const ReadinessFindingFilter = builder.inputType("ReadinessFindingFilter", {
  description: "Which findings; everything that is given must hold.",
  fields: (t) => ({
    open: t.boolean({ description: "Only those that are still so (true), or only those that are resolved (false)." }),
    severity: t.field({ type: ReadinessSeverity, description: "Only those that are so bad." }),
    code: t.field({ type: ReadinessCode, description: "Only those of this rule." }),
  }),
});

builder.objectFields(RecoveryPlanRef, (t) => ({
  readiness: t.field({
    type: PlanReadiness,
    description:
      "Whether it would recover what it is for. It is evaluated seconds after each change that touches it, and at least every five minutes, or as often as half of a gateway's time allows where there are very many plans; docs/readiness.md has the rules. ReadinessChangedEvent tells of a change.",
    resolve: async ({ id }, _args, { loaders }) => (await loaders.evaluationOfPlan.load(id))?.readiness ?? "UNKNOWN",
  }),
  readinessScore: t.int({
    nullable: true,
    description:
      "0 to 100: 100 less 40 for each code with an open blocker and 8 for each other code with an open warning, however many objects it is about; never below 0. Null: it has not been evaluated yet.",
    resolve: async ({ id }, _args, { loaders }) => (await loaders.evaluationOfPlan.load(id))?.score ?? null,
  }),
  readinessEvaluatedAt: t.field({
    type: "DateTime",
    nullable: true,
    description: "When it was last evaluated; null: not yet.",
    resolve: async ({ id }, _args, { loaders }) => (await loaders.evaluationOfPlan.load(id))?.evaluatedAt ?? null,
  }),
  readinessFindings: t.field({
    type: ReadinessFindingConnection,
    description: "What evaluations have found, newest first: open findings, and the last 500 resolved ones.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: ReadinessFindingFilter, description: "Which findings; all by default." }),
    },
    resolve: ({ id }, args, { loaders }) => loaders.readinessFindingList.rows({ kind: "plan", id }, args),
  }),
  lastSuccessfulTest: t.field({
    type: RecoveryRef,
    nullable: true,
    description: "The newest test that ended as SUCCESS or WARNING, as the last evaluation knew it; null: there is none.",
    resolve: async ({ id }, _args, { loaders }) => {
      const evaluation = await loaders.evaluationOfPlan.load(id);
      return evaluation?.comparedWithId ? loaders.recovery.load(evaluation.comparedWithId) : null;
    },
  }),
  changesSinceLastTest: t.field({
    type: [PlanChangeRef],
    description:
      "What is not as the last successful test has tested it: the difference between what that test worked on and what a test would work on now, as of the last evaluation; 500 at most. Empty: nothing, or there is no such test.",
    resolve: async ({ id }, _args, { loaders }) => [...((await loaders.evaluationOfPlan.load(id))?.changes ?? [])],
  }),
  untestedSteps: t.field({
    type: [UntestedStepRef],
    description:
      "Steps and commands that ran well in none of its successful tests, as of the last evaluation, in the order of a run; 500 at most.",
    resolve: async ({ id }, _args, { loaders }) => [...((await loaders.evaluationOfPlan.load(id))?.untestedSteps ?? [])],
  }),
  forecastRtoSeconds: t.int({
    nullable: true,
    description:
      "How long a disaster recovery may take, from the request to the last VM's being ready, in seconds, as of the last evaluation: by what its steps took in past runs. Null: no VM is powered on, or something has to be put right first. Compare rtoTargetSeconds.",
    resolve: async ({ id }, _args, { loaders }) => (await loaders.evaluationOfPlan.load(id))?.forecastRtoSeconds ?? null,
  }),
}));
