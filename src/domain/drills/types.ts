/** Drills: tests on a schedule. (Reference: Best Practices, scheduled testing.) */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { computed } from "../cost.ts";
import { InvalidRequestError } from "../errors.ts";
import { inRange } from "../field-errors.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { PromptAnswer } from "../recoveries/types/enums.ts";
import type { DrillOptions, DrillRow } from "./rows.ts";
import { dueTimes } from "./schedule.ts";
import { DrillOccurrenceConnection, occurrenceArgs } from "./types-occurrence.ts";
import { DrillOccurrenceRef, DrillRef } from "./types-refs.ts";
import { BlackoutWindow, DrillDueTime, type DueTime } from "./types-schedule.ts";

const DrillOptionsRef = builder.objectRef<DrillOptions>("DrillOptions").implement({
  description: "How a drill's tests are started; they use the latest recovery points, and go on at failures.",
  fields: (t) => ({
    powerOnVms: t.exposeBoolean("powerOnVms", { description: "The test VMs are powered on." }),
    runScripts: t.exposeBoolean("runScripts", { description: "Commands are run." }),
    syncData: t.exposeBoolean("syncData", { description: "Storage is synchronised first." }),
  }),
});

const mostPreviewed = 100;

function nextRuns(drill: DrillRow, count: number): DueTime[] {
  if (!inRange(count, 1, mostPreviewed)) {
    const message = `\`count\` is from 1 to ${mostPreviewed}; this is ${count}.`;
    throw new InvalidRequestError(message, [{ path: ["count"], message }]);
  }
  if (drill.nextRunAt === null) return [];
  const behind = count === 1 ? [] : dueTimes(drill, drill.nextRunAt, count - 1);
  return [drill.nextRunAt, ...behind].map((dueAt) => ({ dueAt, drill }));
}

builder.node(DrillRef, {
  description: "A test of a plan on a schedule, with its answers to prompts, its cleanup and its history. (Reference: Best Practices.)",
  id: { resolve: ({ id }) => id, description: "Global id of the drill." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.drill.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique among drills without regard to case. Its runs are started by `schedule/NAME`." }),
    recoveryPlan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan that it tests.",
      resolve: ({ planId }, _args, { loaders }) => loaders.plan.load(planId),
    }),
    cron: t.exposeString("cron", {
      description: 'When it is due: minute, hour, day of the month, month, day of the week, in its time zone, such as "0 3 * * SUN".',
    }),
    timeZone: t.exposeString("timeZone", { description: "A zone of the IANA's tables, such as Europe/Berlin." }),
    options: t.field({ type: DrillOptionsRef, description: "How its tests are started.", resolve: ({ options }) => options }),
    promptPolicy: t.expose("promptPolicy", {
      type: PromptAnswer,
      description: "How its tests' prompts are answered, at once and by themselves.",
    }),
    maxDurationSeconds: t.exposeInt("maxDurationSeconds", { description: "A test that takes longer is cancelled, in seconds." }),
    autoCleanup: t.exposeBoolean("autoCleanup", { description: "It cleans up after its tests by itself." }),
    blackoutWindows: t.field({
      type: [BlackoutWindow],
      description: "Times in which it is not started.",
      resolve: ({ blackoutWindows }) => blackoutWindows,
    }),
    owner: t.exposeString("owner", { description: "Who looks after it; whoever made it by default." }),
    maxLagMinutes: t.exposeInt("maxLagMinutes", {
      nullable: true,
      description: "It is skipped while the replica of one of the plan's VMs is older, in minutes, rounded up. Null: no age is too old.",
    }),
    notes: t.exposeString("notes", { description: "Kept with its tests; may be empty." }),
    enabled: t.exposeBoolean("enabled", { description: "It has a schedule; while it has none, it is never due." }),
    version: t.exposeInt("version", { description: "Rises with each change: for `expectedVersion`." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    nextRun: t.field({
      type: DrillDueTime,
      nullable: true,
      description: "When it is due next; null: it is disabled.",
      resolve: (drill) => (drill.nextRunAt === null ? null : { dueAt: drill.nextRunAt, drill }),
    }),
    nextRuns: t.field({
      type: [DrillDueTime],
      description: "When it is due next, and so on, with those that black-out windows will skip; empty: it is disabled.",
      cost: computed,
      args: { count: t.arg.int({ defaultValue: 5, required: true, description: "How many, from 1 to 100." }) },
      resolve: (drill, { count }) => nextRuns(drill, count),
    }),
    lastRun: t.field({
      type: DrillOccurrenceRef,
      nullable: true,
      description: "The newest occurrence that was started; null: none was.",
      resolve: ({ id }, _args, { loaders }) => loaders.lastRunOfDrill.load(id),
    }),
    occurrences: t.field({
      type: DrillOccurrenceConnection,
      description: "What became of each of its due times, newest first.",
      args: occurrenceArgs,
      resolve: ({ id }, { orderBy, ...args }, { loaders }) =>
        loaders.occurrenceList.rows({ kind: "drill", id }, { ...args, orderBy: orderBy ? { field: "DUE_AT", ...orderBy } : null }),
    }),
  }),
});

builder.objectField(RecoveryPlanRef, "drills", (t) =>
  t.field({
    type: [DrillRef],
    description: "Its drills, by name; at most 50.",
    resolve: ({ id }, _args, { loaders }) => loaders.drillsOfPlan.load(id),
  }),
);
