/** A plan's runs and what they left behind. (Reference: Get Recovery Status, Get Recovery History, Test History.) */
import type { Leftover } from "../../database/generated/client.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { RecoveryConnection, recoveryArgs, recoveryFilterOf } from "../recoveries/types/list.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import { SiteRef } from "../sites/types.ts";
import { LeftoverKind, leftoverKindOf } from "./types-enums.ts";
import { RecoveryPlanRef } from "./types-refs.ts";

const LeftoverRef = builder.objectRef<Readonly<Leftover>>("Leftover");
builder.node(LeftoverRef, {
  description: "Something that a test made and its cleanup could not remove.",
  id: { resolve: ({ id }) => id, description: "Global id of the leftover." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.leftover.loadMany(ids)),
  fields: (t) => ({
    kind: t.field({ type: LeftoverKind, description: "What it is.", resolve: ({ kind }) => leftoverKindOf(kind) }),
    name: t.exposeString("name", { description: "Its name at its site." }),
    externalId: t.exposeString("externalId", { description: "The provider's own id of it." }),
    foundAt: t.expose("foundAt", { type: "DateTime", description: "When the leak audit found it." }),
    goneAt: t.expose("goneAt", { type: "DateTime", nullable: true, description: "When it was gone; null: it is there." }),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it is at.",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The test that made it.",
      resolve: ({ runId }, _args, { loaders }) => loaders.recovery.load(runId),
    }),
  }),
});

builder.objectFields(RecoveryPlanRef, (t) => ({
  activeRecovery: t.field({
    type: RecoveryRef,
    nullable: true,
    description: "Its run that is under way, of any kind; null: none is. (Reference: Get Recovery Status.)",
    resolve: async ({ id }, _args, { loaders }) => {
      const run = await loaders.activeRunOfPlan.load(id);
      return run && loaders.recovery.load(run.id);
    },
  }),
  latestRecovery: t.field({
    type: RecoveryRef,
    nullable: true,
    description: "Its newest run of any kind, under way or over; null: it never ran.",
    resolve: async ({ id }, _args, { loaders }) => {
      const run = await loaders.latestRunOfPlan.load(id);
      return run && loaders.recovery.load(run.id);
    },
  }),
  recoveryHistory: t.field({
    type: RecoveryConnection,
    description: "Its tests, planned and disaster recoveries, newest first. (Reference: Get Recovery History.)",
    args: recoveryArgs,
    resolve: ({ id }, { filter, ...args }, { loaders }) => {
      const kinds = filter?.kinds ?? ["TEST", "PLANNED", "DISASTER"];
      return loaders.recoveryList.rows({ kind: "plan", id }, { ...args, filter: { ...recoveryFilterOf(filter), kinds } });
    },
  }),
  testHistory: t.field({
    type: RecoveryConnection,
    description: "Its tests, newest first, with what they achieved against RPO and RTO. (Reference: Get Recovery Plan Test History.)",
    args: recoveryArgs,
    resolve: ({ id }, { filter, ...args }, { loaders }) =>
      loaders.recoveryList.rows({ kind: "plan", id }, { ...args, filter: { ...recoveryFilterOf(filter), kinds: ["TEST"] } }),
  }),
  leftovers: t.field({
    type: [LeftoverRef],
    description: "What its tests left behind and is still there.",
    resolve: ({ id }, _args, { loaders }) => loaders.leftoversOfPlan.load(id),
  }),
}));
