/**
 * When a schedule is due, found out by walking through the year minute by minute and reading the time on the wall: nothing of it is shared
 * with the code that it checks. Fields are numbers, lists, ranges and names of days.
 */

export interface Schedule {
  readonly cron: string;
  readonly timeZone: string;
}

const minuteMs = 60_000;
/** No zone changes its offset at another time than a full quarter of an hour. */
const quarterMs = 15 * minuteMs;

/** Due times after `from`, up to `until`. */
export function dueTimesBetween({ cron, timeZone }: Schedule, from: number, until: number): number[] {
  const fits = matcherOf(cron);
  const byTimePassed = cron.split(" ", 2).some((field) => field.includes("*"));
  const offsetAt = offsetsOf(timeZone);
  const found: number[] = [];
  // A day before, so that what came first of a time that comes twice is known.
  let walked = Number.NEGATIVE_INFINITY;
  for (let quarter = (Math.floor(from / quarterMs) - 96) * quarterMs; quarter <= until; quarter += quarterMs) {
    const offset = offsetAt(quarter);
    const skipped = byTimePassed ? [] : minutesBetween(quarter + offsetAt(quarter - minuteMs), quarter + offset);
    for (let at = quarter; at < quarter + quarterMs; at += minuteMs) {
      const wall = at + offset;
      const again = !byTimePassed && wall <= walked;
      const due = (!again && fits(wall)) || (at === quarter && skipped.some(fits));
      if (due && at > from && at <= until) found.push(at);
      walked = Math.max(walked, wall);
    }
  }
  return found;
}

/** Minutes on the wall that do not exist: empty where the clock goes on, or back. */
const minutesBetween = (from: number, until: number): number[] =>
  Array.from({ length: Math.max(0, (until - from) / minuteMs) }, (_, index) => from + index * minuteMs);

/** Milliseconds that the clock on the wall is ahead of UTC. */
export function offsetsOf(timeZone: string): (at: number) => number {
  const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, ...parts });
  const known = new Map<number, number>();
  return (at) => {
    const quarter = Math.floor(at / quarterMs) * quarterMs;
    const offset = known.get(quarter) ?? Date.parse(`${format.format(quarter).replace(" ", "T")}Z`) - quarter;
    known.set(quarter, offset);
    return offset;
  };
}

const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Whether a time on the wall, written as if it were UTC, is one of the expression's. */
function matcherOf(cron: string): (wall: number) => boolean {
  const [minute, hour, day, month, weekday] = cron.split(" ").map(fieldOf);
  if (!minute || !hour || !day || !month || !weekday) throw new Error(`Five fields, please: ${cron}`);
  return (wall) => {
    const at = new Date(wall);
    if (!minute.has(at.getUTCMinutes()) || !hour.has(at.getUTCHours()) || !month.has(at.getUTCMonth() + 1)) return false;
    const [onDay, onWeekday] = [day.has(at.getUTCDate()), weekday.has(at.getUTCDay())];
    return day.isAll || weekday.isAll ? onDay && onWeekday : onDay || onWeekday;
  };
}

function fieldOf(text: string): { readonly isAll: boolean; has(value: number): boolean } {
  const ranges = text.split(",").map((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map((one) => (days.includes(one) ? days.indexOf(one) : Number(one)));
    return { first, last };
  });
  const isAll = text === "*";
  return { isAll, has: (value) => isAll || ranges.some(({ first, last }) => first <= value && value <= last) };
}
