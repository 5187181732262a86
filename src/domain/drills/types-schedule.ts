/** When a drill is due, and when not: for the schema. */
import { builder } from "../builder.ts";
import { type AbsoluteWindow, blackoutAt, type WeeklyWindow } from "./blackout.ts";
import { localTime } from "./local-time.ts";
import type { DrillFields } from "./rows.ts";
import { Weekday } from "./types-enums.ts";

const reason = { nullable: true, description: "What it is for; null: nobody said." } as const;

const WeeklyBlackoutWindow = builder.objectRef<WeeklyWindow>("WeeklyBlackoutWindow").implement({
  description: "Every week, from a time on the wall to another, in the drill's zone.",
  fields: (t) => ({
    fromDay: t.expose("fromDay", { type: Weekday, description: "The day on which it begins." }),
    fromTime: t.exposeString("fromTime", { description: 'The time at which it begins, such as "22:00".' }),
    untilDay: t.expose("untilDay", { type: Weekday, description: "The day on which it ends; before `fromDay`: in the week after." }),
    untilTime: t.exposeString("untilTime", { description: 'The time at which it ends, itself not within, such as "06:00" or "24:00".' }),
    reason: t.exposeString("reason", reason),
  }),
});

const AbsoluteBlackoutWindow = builder.objectRef<AbsoluteWindow>("AbsoluteBlackoutWindow").implement({
  description: "Once, from a time on the wall to another, in the drill's zone.",
  fields: (t) => ({
    from: t.exposeString("from", { description: 'When it begins, such as "2026-12-24T18:00".' }),
    until: t.exposeString("until", { description: 'When it ends, itself not within, such as "2027-01-02T06:00".' }),
    reason: t.exposeString("reason", reason),
  }),
});

export const BlackoutWindow = builder.unionType("BlackoutWindow", {
  description: "A time in which a drill is not started. What was started before goes on.",
  types: [WeeklyBlackoutWindow, AbsoluteBlackoutWindow],
  resolveType: (window) => ("fromDay" in window ? WeeklyBlackoutWindow : AbsoluteBlackoutWindow),
});

/** A due time of a drill. */
export interface DueTime {
  readonly dueAt: Date;
  readonly drill: Pick<DrillFields, "timeZone" | "blackoutWindows">;
}

export const DrillDueTime = builder.objectRef<DueTime>("DrillDueTime").implement({
  description: "A moment at which a drill is due.",
  fields: (t) => ({
    dueAt: t.expose("dueAt", { type: "DateTime", description: "The moment, in UTC." }),
    localTime: t.string({
      description: 'The time on the wall in the drill\'s zone, with its offset from UTC then, such as "2026-03-29T03:00:00+02:00".',
      resolve: ({ dueAt, drill }) => localTime(dueAt, drill.timeZone).withOffset,
    }),
    blackedOut: t.boolean({
      description: "It is within a black-out window: the drill will be skipped.",
      resolve: ({ dueAt, drill }) => blackoutAt(drill.blackoutWindows, dueAt, drill.timeZone) !== null,
    }),
  }),
});
