/** What may be done with a plan now. (Reference: State Validation.) */
import { builder } from "../builder.ts";
import { AllowedOperationRef, allowedOperations } from "../operations.ts";
import { planRefusals } from "./service-refusals.ts";
import { RecoveryPlanRef } from "./types-refs.ts";

builder.objectField(RecoveryPlanRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description:
      "What may be done with the plan now, by whoever asks; control is that of its run that is under way. The mutation refuses with exactly that error; what only the sites know, and what its input asks for, it finds itself.",
    resolve: async ({ id }, _args, { loaders, viewer }) => {
      const facts = await loaders.planFacts.load(id);
      return facts === null || viewer === null ? [] : allowedOperations(planRefusals(facts, viewer), viewer);
    },
  }),
);
