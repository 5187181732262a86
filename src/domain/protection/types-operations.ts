/** What may be done with a protection group now. */
import { builder } from "../builder.ts";
import { AllowedOperationRef, allowedOperations } from "../operations.ts";
import { groupRefusals } from "./operations.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

builder.objectField(ProtectionGroupRef, "allowedOperations", (t) =>
  t.field({
    type: [AllowedOperationRef],
    description: "What may be done with it now, and why the rest may not. (Reference: State Validation.)",
    resolve: async ({ id }, _args, { loaders, viewer }) => {
      const facts = await loaders.factsOfGroup.load(id);
      return facts === null ? [] : allowedOperations(groupRefusals(facts), viewer);
    },
  }),
);
