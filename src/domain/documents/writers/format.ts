/** Values as people read them. Times are UTC, and say so. */
import type { ReportDocument, Unit, Value } from "../model.ts";

export const none = "–";

export function shown(value: Value, unit: Unit): string {
  if (value === null || value === "") return none;
  if (typeof value === "string") return unit === "TIME" ? moment(value) : value;
  if (unit === "SECONDS") return duration(value);
  if (unit === "PERCENT") return `${value} %`;
  return grouped(value);
}

/** "2026-01-15 14:30:05 UTC". */
export const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

/** The two largest units of it; whole seconds below an hour. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [d, h, m, s] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (d > 0) return h > 0 ? `${grouped(d)} d ${h} h` : `${grouped(d)} d`;
  if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
  if (m > 0) return s > 0 ? `${m} min ${s} s` : `${m} min`;
  return `${s} s`;
}

/** Thousands apart by a narrow space: neither a comma nor a point means the same everywhere. */
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

/** A range as it is meant: its end is not part of it. */
export const rangeOf = ({ rangeStart, rangeEnd }: { readonly rangeStart: string; readonly rangeEnd: string }): string =>
  `${moment(rangeStart)} until before ${moment(rangeEnd)}`;

/** By characters, so that none is cut in two. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, Math.max(1, most - 1)).join("")}…`;
}

/** When and for whom; of a run, as it stood at its end. `time` and `name` mark them up where a format can. */
export function madeLine(
  { type, madeAt, madeFor, plans }: Pick<ReportDocument, "type" | "madeAt" | "madeFor" | "plans">,
  { time = moment, name = String }: { readonly time?: (iso: string) => string; readonly name?: (user: string) => string } = {},
): string {
  if (type === "RECOVERY") return `As it stood at its end, ${time(madeAt)} · started by ${name(madeFor)}`;
  return `Made ${time(madeAt)} for ${name(madeFor)} · ${plans.length === 1 ? "1 plan" : `${plans.length} plans`}`;
}
