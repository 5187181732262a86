/** What may be done with a drill now. (Reference: State Validation.) */
import { builder } from "../builder.ts";
import { AllowedOperationRef, allowedOperations } from "../operations.ts";
import { drillRefusals } from "./operations.ts";
import { DrillRef } from "./types-refs.ts";

builder.objectField(DrillRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description:
      "What may be done with the drill now, by whoever asks. The mutation refuses with exactly that error; what only the sites know, and what its input asks for, it finds itself.",
    resolve: async (drill, _args, { loaders, viewer }) => {
      if (viewer === null) return [];
      const [plan, standing, openRun] = await Promise.all([
        loaders.planFacts.load(drill.planId),
        loaders.drillStanding.load(drill.planId),
        loaders.openRunOfDrill.load(drill.id),
      ]);
      if (plan === null || standing === null) return [];
      return allowedOperations(drillRefusals(drill, { plan, standing, openRunId: openRun?.runId ?? null }), viewer);
    },
  }),
);
