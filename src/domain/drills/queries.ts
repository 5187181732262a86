import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idIfGiven, idOf } from "../ids.ts";
import { DrillRef } from "./types-refs.ts";

const DrillOrderField = builder.enumType("DrillOrderField", {
  description: "What drills are sorted by.",
  values: {
    NAME: { description: "Name, without regard to case." },
    NEXT_RUN: { description: "When they are due next; those that are disabled are last." },
  } as const,
});

const DrillOrder = builder.inputType("DrillOrder", {
  description: "How drills are sorted.",
  fields: (t) => ({
    field: t.field({ type: DrillOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const DrillFilter = builder.inputType("DrillFilter", {
  description: "Which drills; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    planId: t.id({ description: "Only drills of this recovery plan." }),
    enabled: t.boolean({ description: "Only those that are enabled (true), or disabled (false)." }),
  }),
});

const DrillConnection = builder.connectionObject(
  { type: DrillRef, name: "DrillConnection", description: "A page of drills." },
  { name: "DrillEdge", description: "A drill in a page." },
);

builder.queryFields((t) => ({
  drills: t.field({
    type: DrillConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Drills of all plans, by name unless told otherwise.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: DrillFilter, description: "Which drills; all by default." }),
      orderBy: t.arg({ type: DrillOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) => {
      const planId = idIfGiven("RecoveryPlan", filter?.planId, ["filter", "planId"]);
      return loaders.drillList.nodes(null, { ...args, filter: filter ? { ...filter, planId } : null }, loaders.drill);
    },
  }),
  drill: t.field({
    type: DrillRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The drill with this id; null when there is none.",
    args: { id: t.arg.id({ required: true, description: "Global id of a drill." }) },
    resolve: (_root, { id }, { loaders }) => loaders.drill.load(idOf("Drill", id)),
  }),
}));
