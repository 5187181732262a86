/** What can be done with drills: ids are looked at here, everything else is decided in the service. */
import { builder } from "../builder.ts";
import { encodeId, idOf } from "../ids.ts";
import { actor, written } from "../mutation-parts.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import type { ChangedDrill } from "./edit.ts";
import type { RunDrill } from "./service.ts";
import { CreateDrillInput, DeleteDrillInput, RunDrillNowInput, UpdateDrillInput, windowsGiven } from "./types-inputs.ts";
import { DrillOccurrenceRef, DrillRef } from "./types-refs.ts";

const payload = (name: string, description: string) =>
  builder.objectRef<ChangedDrill>(name).implement({
    description,
    fields: (t) => ({
      drill: t.field({
        type: DrillRef,
        nullable: true,
        description: "The drill as it is now; null: somebody has deleted it since.",
        resolve: ({ drillId }, _args, { loaders }) => loaders.drill.load(drillId),
      }),
    }),
  });

const CreatePayload = payload("CreateDrillPayload", "The drill is made.");
const UpdatePayload = payload("UpdateDrillPayload", "The drill is changed.");
const DeletePayload = builder.objectRef<ChangedDrill>("DeleteDrillPayload").implement({
  description: "The drill is deleted, and its history with it. Its runs stay.",
  fields: (t) => ({
    deletedDrillId: t.id({ description: "The global id that it had.", resolve: ({ drillId }) => encodeId("Drill", drillId) }),
  }),
});
const RunPayload = builder.objectRef<RunDrill>("RunDrillNowPayload").implement({
  description: "The drill's test is requested; a node takes it up at once.",
  fields: (t) => ({
    drill: t.field({
      type: DrillRef,
      nullable: true,
      description: "The drill.",
      resolve: ({ drillId }, _args, { loaders }) => loaders.drill.load(drillId),
    }),
    occurrence: t.field({
      type: DrillOccurrenceRef,
      nullable: true,
      description: "What it counts for in the drill's history.",
      resolve: ({ recoveryId }, _args, { loaders }) => loaders.occurrenceOfRun.load(recoveryId),
    }),
    recovery: t.field({
      type: RecoveryRef,
      description: "Its test.",
      resolve: ({ recoveryId }, _args, { loaders }) => written(loaders.recovery.load(recoveryId)),
    }),
  }),
});

const authScopes = { role: "EDITOR" } as const;
const drillIdOf = (drillId: string) => idOf("Drill", drillId, ["drillId"]);

builder.mutationFields((t) => ({
  createDrill: t.field({
    type: CreatePayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Makes a drill: a test of a plan on a schedule. A schedule that can't be read or is never due, an unknown time zone, and a plan with a pause that has no duration are field errors; CONFLICT with the limit when the plan has 50.",
    args: { input: t.arg({ type: CreateDrillInput, required: true, description: "The drill." }) },
    resolve: (_root, { input }, context) =>
      context.services.drills.create(actor(context), {
        ...input,
        planId: idOf("RecoveryPlan", input.planId, ["planId"]),
        blackoutWindows: windowsGiven(input.blackoutWindows),
      }),
  }),
  updateDrill: t.field({
    type: UpdatePayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Changes a drill, or enables or disables it. Due times that were not started yet when its schedule changes are recorded as SKIPPED.",
    args: { input: t.arg({ type: UpdateDrillInput, required: true, description: "What to change." }) },
    resolve: (_root, { input }, context) =>
      context.services.drills.update(actor(context), {
        ...input,
        drillId: drillIdOf(input.drillId),
        blackoutWindows: windowsGiven(input.blackoutWindows),
      }),
  }),
  deleteDrill: t.field({
    type: DeletePayload,
    nullable: true,
    authScopes,
    errors: {},
    description:
      "Deletes a drill and its history; its runs stay. Disable it to keep the history. CONFLICT while its test, or the cleanup after it, is under way.",
    args: { input: t.arg({ type: DeleteDrillInput, required: true, description: "Which drill." }) },
    resolve: (_root, { input }, context) => context.services.drills.remove(actor(context), { ...input, drillId: drillIdOf(input.drillId) }),
  }),
  runDrillNow: t.field({
    type: RunPayload,
    nullable: true,
    authScopes: { role: "OPERATOR" },
    errors: {},
    description:
      "Starts a drill by hand, as its schedule would: with its options, its answers to prompts, its time limit and its cleanup. Black-out windows don't count, nor whether it is enabled; its schedule stays as it is. Refused as startRecovery of a TEST is, and PRECONDITION_FAILED with LAG_TOO_HIGH or READINESS_BLOCKED.",
    args: { input: t.arg({ type: RunDrillNowInput, required: true, description: "Which drill." }) },
    resolve: (_root, { input }, context) => context.services.drills.runNow(actor(context), { ...input, drillId: drillIdOf(input.drillId) }),
  }),
}));
