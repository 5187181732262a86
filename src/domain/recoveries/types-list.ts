/** Lists of runs. */
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { ResultState, RunKind } from "./types-enums.ts";
import { RecoveryRef } from "./types-refs.ts";

const RecoveryOrderField = builder.enumType("RecoveryOrderField", {
  description: "What runs are sorted by.",
  values: { REQUESTED_AT: { description: "When they were asked for." } } as const,
});

const RecoveryOrder = builder.inputType("RecoveryOrder", {
  description: "How runs are sorted.",
  fields: (t) => ({
    field: t.field({ type: RecoveryOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const RecoveryFilter = builder.inputType("RecoveryFilter", {
  description: "Which runs; everything that is given must hold.",
  fields: (t) => ({
    kinds: t.field({ type: [RunKind], description: "Only runs of these kinds." }),
    resultState: t.field({ type: ResultState, description: "Only those that ended so." }),
  }),
});

export const RecoveryConnection = builder.connectionObject(
  { type: RecoveryRef, name: "RecoveryConnection", description: "A page of runs." },
  { name: "RecoveryEdge", description: "A run in a page." },
);

/** Arguments of every list of runs. */
export const recoveryArgs = builder.args((t) => ({
  ...t.connectionArgs(),
  filter: t.field({ type: RecoveryFilter, description: "Which runs." }),
  orderBy: t.field({ type: RecoveryOrder, description: "How they are sorted; newest first by default." }),
}));
