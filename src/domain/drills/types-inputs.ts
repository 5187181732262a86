/** What the mutations of drills take. */
import { builder } from "../builder.ts";
import { expectedVersion, keyField } from "../mutation-parts.ts";
import { PromptAnswer } from "../recoveries/types/enums.ts";
import type { BlackoutWindow } from "./blackout.ts";
import { Weekday } from "./types-enums.ts";

const reason = "What it is for, at most 255 characters.";

const WeeklyBlackoutWindowInput = builder.inputType("WeeklyBlackoutWindowInput", {
  description: "Every week, from a time on the wall to another, in the drill's zone.",
  fields: (t) => ({
    fromDay: t.field({ type: Weekday, required: true, description: "The day on which it begins." }),
    fromTime: t.string({ required: true, description: 'From "00:00" to "23:59".' }),
    untilDay: t.field({ type: Weekday, required: true, description: "The day on which it ends; before `fromDay`: in the week after." }),
    untilTime: t.string({ required: true, description: 'Itself not within: from "00:00" to "24:00".' }),
    reason: t.string({ description: reason }),
  }),
});

const AbsoluteBlackoutWindowInput = builder.inputType("AbsoluteBlackoutWindowInput", {
  description: "Once, from a time on the wall to another, in the drill's zone.",
  fields: (t) => ({
    from: t.string({ required: true, description: 'Such as "2026-12-24T18:00", without an offset.' }),
    until: t.string({ required: true, description: 'Itself not within, such as "2027-01-02T06:00".' }),
    reason: t.string({ description: reason }),
  }),
});

const BlackoutWindowInput = builder.inputType("BlackoutWindowInput", {
  description: "A time in which the drill is not started: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    weekly: t.field({ type: WeeklyBlackoutWindowInput, description: "Every week." }),
    absolute: t.field({ type: AbsoluteBlackoutWindowInput, description: "Once." }),
  }),
});

const DrillOptionsInput = builder.inputType("DrillOptionsInput", {
  description: "How the tests are started.",
  fields: (t) => ({
    powerOnVms: t.boolean({ description: "Power the test VMs on; true by default." }),
    runScripts: t.boolean({ description: "Run commands; true by default." }),
    syncData: t.boolean({ description: "Synchronise storage first; true by default." }),
  }),
});

type InputFields = Parameters<Parameters<typeof builder.inputType>[1]["fields"]>[0];

const common = (t: InputFields) => ({
  options: t.field({ type: DrillOptionsInput, description: "How the tests are started; what is left out stays, at first the default." }),
  promptPolicy: t.field({ type: PromptAnswer, description: "How prompts are answered, at once and by themselves; CONTINUE by default." }),
  maxDurationSeconds: t.int({ description: "A test that takes longer is cancelled: 60 to 604,800, by default 14,400." }),
  autoCleanup: t.boolean({ description: "Clean up after the tests, again where that fails; true by default." }),
  blackoutWindows: t.field({ type: [BlackoutWindowInput], description: "Times in which it is not started, at most 100; all of them." }),
  owner: t.string({ description: "Who looks after it, 1 to 255 characters; whoever makes it by default." }),
  maxLagMinutes: t.int({ description: "Skip it while a VM's replica is older: 1 to 10,080. Null, the default: no age is too old." }),
  notes: t.string({ description: "Kept with its tests, at most 4,096 characters." }),
  enabled: t.boolean({
    description: "Whether it has a schedule; true by default. Once enabled again, it is due by what comes from then on.",
  }),
  idempotencyKey: t.string(keyField),
});

const name = "1 to 255 characters, unique among drills without regard to case.";
const cron =
  'Five fields: minute, hour, day of the month, month, day of the week, such as "30 2 * * SUN"; names, ranges, lists, steps, L, W and # as usual. Where both days are given, either will do.';
const timeZone = "A zone of the IANA's tables, such as Europe/Berlin. Offsets are none: they know no daylight saving.";

export const CreateDrillInput = builder.inputType("CreateDrillInput", {
  description: "A drill: which plan it tests, when, and how.",
  fields: (t) => ({
    planId: t.id({ required: true, description: "The recovery plan; it has no pause without a duration." }),
    name: t.string({ required: true, description: name }),
    cron: t.string({ required: true, description: cron }),
    timeZone: t.string({ required: true, description: timeZone }),
    ...common(t),
  }),
});

export const UpdateDrillInput = builder.inputType("UpdateDrillInput", {
  description:
    "What to change of a drill: what is left out stays, null is the default. A test that is under way goes on as it was started.",
  fields: (t) => ({
    drillId: t.id({ required: true, description: "The drill." }),
    name: t.string({ description: name }),
    cron: t.string({ description: cron }),
    timeZone: t.string({ description: timeZone }),
    ...common(t),
    expectedVersion: t.int(expectedVersion),
  }),
});

export const DeleteDrillInput = builder.inputType("DeleteDrillInput", {
  description: "Which drill to delete.",
  fields: (t) => ({
    drillId: t.id({ required: true, description: "The drill." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(keyField),
  }),
});

export const RunDrillNowInput = builder.inputType("RunDrillNowInput", {
  description: "Which drill to start by hand.",
  fields: (t) => ({
    drillId: t.id({ required: true, description: "The drill, enabled or not." }),
    idempotencyKey: t.string(keyField),
  }),
});

type Given = readonly (typeof BlackoutWindowInput.$inferInput)[] | null | undefined;

/** As they are stored. */
export const windowsGiven = (given: Given): readonly BlackoutWindow[] | null | undefined =>
  given?.flatMap(({ weekly, absolute }): BlackoutWindow[] => {
    if (weekly) return [{ ...weekly, kind: "WEEKLY", reason: weekly.reason ?? null }];
    return absolute ? [{ ...absolute, kind: "ABSOLUTE", reason: absolute.reason ?? null }] : [];
  }) ?? (given === null ? null : undefined);
