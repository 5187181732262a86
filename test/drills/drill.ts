/** A drill as a year of them knows it, and what it calls for. */
import { dueTimesBetween, offsetsOf, type Schedule } from "./calendar.ts";

export interface Drill extends Schedule {
  readonly id: string;
  readonly planId: string;
  readonly maxLagMinutes: number | null;
  /** Of the week, in minutes from Monday 00:00; null: none. */
  readonly blackout: { readonly from: number; readonly until: number } | null;
}

const known = new Map<string, readonly number[]>();

/** Due times after `from`, up to `until`; the same year is walked through once. */
export function dueTimesOf({ cron, timeZone }: Drill, from: number, until: number): readonly number[] {
  const key = [cron, timeZone, from, until].join();
  const times = known.get(key) ?? dueTimesBetween({ cron, timeZone }, from, until);
  known.set(key, times);
  return times;
}

const week = 7 * 1440;
/** 1970 began on a Thursday. */
const thursday = 3 * 1440;

export function isBlackedOut({ blackout, timeZone }: Drill, at: number): boolean {
  if (blackout === null) return false;
  const minute = ((at + offsetsOf(timeZone)(at)) / 60_000 + thursday) % week;
  return blackout.from <= minute && minute < blackout.until;
}
