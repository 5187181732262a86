/** Times in which a drill is not started: every week, or once. They are times on the wall in the drill's zone; their end is not within. */
import { z } from "zod";
import type { FieldErrors, Path } from "../field-errors.ts";
import { checkText } from "../field-errors.ts";
import { type LocalTime, localTime } from "./local-time.ts";

export const weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] as const;
export type Weekday = (typeof weekdays)[number];

const weekly = z.object({
  kind: z.literal("WEEKLY"),
  fromDay: z.enum(weekdays),
  fromTime: z.string(),
  untilDay: z.enum(weekdays),
  untilTime: z.string(),
  reason: z.string().nullable(),
});
const absolute = z.object({ kind: z.literal("ABSOLUTE"), from: z.string(), until: z.string(), reason: z.string().nullable() });
const windows = z.array(z.discriminatedUnion("kind", [weekly, absolute]));

export type WeeklyWindow = Readonly<z.infer<typeof weekly>>;
export type AbsoluteWindow = Readonly<z.infer<typeof absolute>>;
export type BlackoutWindow = WeeklyWindow | AbsoluteWindow;

/** As they stand in the database. */
export const windowsOf = (stored: unknown): readonly BlackoutWindow[] => windows.parse(stored);

export const mostWindows = 100;

export function checkWindows(errors: FieldErrors, path: Path, wished: readonly BlackoutWindow[]): void {
  if (wished.length > mostWindows) errors.add(path, `There may be ${mostWindows} black-out windows, and these are ${wished.length}.`);
  for (const [at, window] of wished.entries()) {
    const field = window.kind === "WEEKLY" ? "weekly" : "absolute";
    checkText(errors, [...path, at, field, "reason"], window.reason, 255);
    if (window.kind === "WEEKLY") checkWeekly(errors, [...path, at, field], window);
    else checkAbsolute(errors, [...path, at, field], window);
  }
}

const ofDay = /^([01]\d|2[0-3]):[0-5]\d$/;

function checkWeekly(errors: FieldErrors, path: Path, { fromDay, fromTime, untilDay, untilTime }: WeeklyWindow): void {
  const fromFits = ofDay.test(fromTime);
  const untilFits = ofDay.test(untilTime) || untilTime === "24:00";
  if (!fromFits) errors.add([...path, "fromTime"], 'A time of day is written as "22:00", from 00:00 to 23:59.');
  if (!untilFits) errors.add([...path, "untilTime"], 'A time of day is written as "06:00", from 00:00 to 24:00.');
  if (!fromFits || !untilFits) return;
  if (minuteOf(fromDay, fromTime) === minuteOf(untilDay, untilTime) % week)
    errors.add([...path, "untilTime"], "The window ends where it begins. Disable the drill, if it is never to be started.");
}

function checkAbsolute(errors: FieldErrors, path: Path, { from, until }: AbsoluteWindow): void {
  const fits = { from: isWall(from), until: isWall(until) };
  const message = 'A time on the wall in the drill\'s zone is written as "2026-12-24T18:00", without an offset.';
  if (!fits.from) errors.add([...path, "from"], message);
  if (!fits.until) errors.add([...path, "until"], message);
  if (fits.from && fits.until && until <= from) errors.add([...path, "until"], "The window ends before it begins.");
}

function isWall(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return false;
  const at = new Date(`${text}:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

const week = 7 * 24 * 60;

function minuteOf(day: Weekday, time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return (weekdays.indexOf(day) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0);
}

/** The first window that this moment is in; null: none. */
export function blackoutAt(given: readonly BlackoutWindow[], at: Date, timeZone: string): BlackoutWindow | null {
  const local = localTime(at, timeZone);
  return given.find((window) => covers(window, local)) ?? null;
}

function covers(window: BlackoutWindow, { wall, minuteOfWeek }: LocalTime): boolean {
  if (window.kind === "ABSOLUTE") return window.from <= wall && wall < window.until;
  const from = minuteOf(window.fromDay, window.fromTime);
  const length = (minuteOf(window.untilDay, window.untilTime) - from + week) % week;
  return (minuteOfWeek - from + week) % week < length;
}

const titled = (day: Weekday) => `${day.charAt(0)}${day.slice(1).toLowerCase()}`;

/** "the black-out window from Friday 18:00 to Monday 06:00 (weekend)". */
export function windowText(window: BlackoutWindow): string {
  const [from, until] =
    window.kind === "WEEKLY"
      ? [`${titled(window.fromDay)} ${window.fromTime}`, `${titled(window.untilDay)} ${window.untilTime}`]
      : [window.from.replace("T", " "), window.until.replace("T", " ")];
  return `the black-out window from ${from} to ${until}${window.reason ? ` (${window.reason})` : ""}`;
}
