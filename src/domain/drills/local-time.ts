/** The time on the wall in a time zone, by the tables that Node brings along. */

export interface LocalTime {
  /** "2026-03-29T03:00", which says nothing of the offset: texts of this form compare as their times do. */
  readonly wall: string;
  /** "2026-03-29T03:00:00+02:00". */
  readonly withOffset: string;
  /** 0 is Monday at 00:00, 10,079 Sunday at 23:59. */
  readonly minuteOfWeek: number;
}

/** A name of the IANA's tables, such as Europe/Berlin or UTC; a bare offset is none, since it knows no daylight saving. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes long, and there are few zones. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const numbers = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  const made = new Intl.DateTimeFormat("en-US", { timeZone, ...numbers, weekday: "short", hourCycle: "h23" });
  formats.set(timeZone, made);
  return made;
}

export function localTime(at: Date, timeZone: string): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  const wall = `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
  const seconds = part("second");
  const aheadMinutes = Math.round((Date.parse(`${wall}:${seconds}Z`) - Math.floor(at.getTime() / 1000) * 1000) / 60_000);
  const minuteOfWeek = (days.indexOf(part("weekday")) * 24 + Number(part("hour"))) * 60 + Number(part("minute"));
  return { wall, withOffset: `${wall}:${seconds}${offsetText(aheadMinutes)}`, minuteOfWeek };
}

function offsetText(aheadMinutes: number): string {
  const size = Math.abs(aheadMinutes);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${aheadMinutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
