/** Lists of runs and of prompts. */
import { builder } from "../../builder.ts";
import { OrderDirection } from "../../connections.ts";
import { idIfGiven } from "../../ids.ts";
import { RecoveryState, ResultState, RunKind } from "./enums.ts";
import { PromptRef, RecoveryRef } from "./refs.ts";

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
    states: t.field({ type: [RecoveryState], description: "Only those that are so far." }),
    open: t.boolean({ description: "Only those that have not ended (true), or only those that have (false)." }),
    planId: t.id({ description: "Only runs of this recovery plan." }),
  }),
});

/** As the list takes it: with the plan's own id. Throws InvalidRequestError. */
export const recoveryFilterOf = <Given extends { readonly planId?: string | null | undefined }>(filter: Given | null | undefined) =>
  filter && { ...filter, planId: idIfGiven("RecoveryPlan", filter.planId, ["filter", "planId"]) };

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

export const PromptConnection = builder.connectionObject(
  { type: PromptRef, name: "PromptConnection", description: "A page of prompts." },
  { name: "PromptEdge", description: "A prompt in a page." },
);
