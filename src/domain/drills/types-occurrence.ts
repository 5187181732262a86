/** What became of a drill's due times. */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { PromptAnswer, ResultState } from "../recoveries/types/enums.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import { DrillCleanupState, DrillOutcome } from "./types-enums.ts";
import { DrillOccurrenceRef, DrillRef, type OccurrenceRow } from "./types-refs.ts";

const DrillCleanup = builder.objectRef<Readonly<OccurrenceRow>>("DrillCleanup").implement({
  description: "The cleanup after a drill's test, which the drill starts by itself, and again where it fails.",
  fields: (t) => ({
    state: t.expose("cleanup", { type: DrillCleanupState, nullable: true, description: "How far it is." }),
    attempts: t.exposeInt("cleanupAttempts", { description: "How often it was begun, or refused." }),
    nextAttemptAt: t.expose("cleanupDueAt", {
      type: "DateTime",
      nullable: true,
      description: "Not before this it is tried again; null: it is under way, or over.",
    }),
    message: t.exposeString("cleanupMessage", { nullable: true, description: "Why the last attempt did not end well, or what is left." }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The newest cleanup that the drill has started.",
      resolve: ({ cleanupRunId }, _args, { loaders }) => (cleanupRunId === null ? null : loaders.recovery.load(cleanupRunId)),
    }),
  }),
});

builder.node(DrillOccurrenceRef, {
  description: "A due time of a drill and what became of it, or a drill that somebody has started by hand. Each due time has exactly one.",
  id: { resolve: ({ id }) => id, description: "Global id of the occurrence." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.drillOccurrence.loadMany(ids)),
  fields: (t) => ({
    dueAt: t.expose("dueAt", { type: "DateTime", description: "When it was due; by hand: when it was started." }),
    recordedAt: t.expose("recordedAt", { type: "DateTime", description: "When it was started, or it was known that it would not be." }),
    requestedBy: t.exposeString("requestedBy", { nullable: true, description: "Who has started it by hand; null: it was due." }),
    outcome: t.expose("outcome", { type: DrillOutcome, description: "What became of it." }),
    code: t.exposeString("code", {
      nullable: true,
      description: "Why it was skipped, or how it failed: a code of docs/codes.md. Null: it is under way, or went well.",
    }),
    message: t.exposeString("message", { nullable: true, description: "The same as a sentence, with what it is about." }),
    remedy: t.exposeString("remedy", { nullable: true, description: "What to do about it." }),
    promptPolicy: t.expose("promptPolicy", {
      type: PromptAnswer,
      nullable: true,
      description: "How its prompts were answered; null: it was skipped.",
    }),
    deadlineAt: t.expose("deadlineAt", {
      type: "DateTime",
      nullable: true,
      description: "When its test is cancelled, if it is still under way; null: it was skipped.",
    }),
    endedAt: t.expose("endedAt", {
      type: "DateTime",
      nullable: true,
      description: "When its test ended; null: it has not, or was skipped.",
    }),
    resultState: t.expose("resultState", { type: ResultState, nullable: true, description: "How its test went; null: it has not ended." }),
    rtoAchievedSeconds: t.exposeInt("rtoAchievedSeconds", {
      nullable: true,
      description: "From the start of the test until all VMs were ready, in seconds; null: not all were.",
    }),
    rpoAchievedSeconds: t.exposeInt("rpoAchievedSeconds", {
      nullable: true,
      description: "Age of the oldest recovery point that the test has used, in seconds; null: it used none.",
    }),
    cleanup: t.field({
      type: DrillCleanup,
      nullable: true,
      description: "The cleanup after the test; null: it was skipped.",
      resolve: (row) => (row.cleanup === null ? null : row),
    }),
    drill: t.field({
      type: DrillRef,
      nullable: true,
      description: "The drill.",
      resolve: ({ drillId }, _args, { loaders }) => loaders.drill.load(drillId),
    }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "Its test; null: it was skipped.",
      resolve: ({ runId }, _args, { loaders }) => (runId === null ? null : loaders.recovery.load(runId)),
    }),
  }),
});

builder.objectField(RecoveryRef, "drillOccurrence", (t) =>
  t.field({
    type: DrillOccurrenceRef,
    nullable: true,
    description: "Of a test that a drill has started: what it counts for there. Null: it is none of a drill.",
    resolve: ({ id }, _args, { loaders }) => loaders.occurrenceOfRun.load(id),
  }),
);

const DrillOccurrenceFilter = builder.inputType("DrillOccurrenceFilter", {
  description: "Which occurrences.",
  fields: (t) => ({ outcome: t.field({ type: DrillOutcome, description: "Only those that went so." }) }),
});

const DrillOccurrenceOrder = builder.inputType("DrillOccurrenceOrder", {
  description: "How occurrences are sorted: by their due times.",
  fields: (t) => ({ direction: t.field({ type: OrderDirection, required: true, description: "Which way." }) }),
});

export const DrillOccurrenceConnection = builder.connectionObject(
  { type: DrillOccurrenceRef, name: "DrillOccurrenceConnection", description: "A page of a drill's history." },
  { name: "DrillOccurrenceEdge", description: "An occurrence in a page." },
);

export const occurrenceArgs = builder.args((t) => ({
  ...t.connectionArgs(),
  filter: t.field({ type: DrillOccurrenceFilter, description: "Which occurrences; all by default." }),
  orderBy: t.field({ type: DrillOccurrenceOrder, description: "How they are sorted; newest first by default." }),
}));
