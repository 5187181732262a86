/**
 * When a drill is due: five fields of cron, in a time zone. Where daylight saving begins, a time that does not exist is due at the first
 * moment after the gap; where it ends, a time that comes twice is due when it comes first. A schedule with * in its minute or hour goes on
 * through both, by the time that passes.
 */
import { Cron } from "croner";

export interface Schedule {
  readonly cron: string;
  readonly timeZone: string;
}

const expression = ({ cron, timeZone }: Schedule) =>
  new Cron(cron, { timezone: timeZone, mode: "5-part", paused: true, fixedTimeRule: "no-wildcard" });

/** The first due time after this moment; null: there is none, ever. */
export const dueAfter = (schedule: Schedule, after: Date): Date | null => expression(schedule).nextRun(after);

export const dueTimes = (schedule: Schedule, after: Date, count: number): Date[] => expression(schedule).nextRuns(count, after);

/** Later than so many seconds after its due time a drill is not started any more: it is missed. */
export const graceSeconds = 300;

export interface Look {
  /** Due times that nobody has looked at in time, oldest first, at most as many as were asked for. */
  readonly missed: readonly Date[];
  /** The first due time behind those. At or before `now`: it is to be started, or some that were missed come after it. */
  readonly next: Date;
}

/** `nextRunAt`: the first due time that is not accounted for yet. */
export function look(schedule: Schedule, nextRunAt: Date, now: Date, most: number): Look {
  const late = now.getTime() - graceSeconds * 1000;
  const cron = expression(schedule);
  const missed: Date[] = [];
  let next = nextRunAt;
  while (next.getTime() < late && missed.length < most) {
    missed.push(next);
    next = following(cron, next);
  }
  return { missed, next };
}

function following(cron: Cron, due: Date): Date {
  const next = cron.nextRun(due);
  if (next === null) throw new Error(`The schedule ${cron.getPattern() ?? ""} is due no more after ${due.toISOString()}`);
  return next;
}

/** The due time behind this one. */
export const dueBehind = (schedule: Schedule, due: Date): Date => following(expression(schedule), due);
