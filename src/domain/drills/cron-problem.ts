/** What is wrong with a schedule, in the words of its five fields; the library that reads it knows of more than these. Pure. */
import { dueAfter, type Schedule } from "./schedule.ts";

const fields = [
  { name: "minute", may: "0 to 59" },
  { name: "hour", may: "0 to 23" },
  { name: "day of the month", may: "1 to 31, L for the last one, or 15W for the working day next to the 15th" },
  { name: "month", may: "1 to 12 or JAN to DEC" },
  { name: "day of the week", may: "0 to 7 or SUN to SAT, or FRI#2 for the second Friday and FRIL for the last one" },
] as const;

const example = 'minute, hour, day of the month, month and day of the week, such as "0 3 * * SUN"';
const most = 255;

/** Sentences; null: nothing is wrong. */
export function cronProblem(schedule: Schedule, now: Date): string | null {
  const { cron } = schedule;
  if (cron.length > most) return `A schedule may have ${most} characters, and this has ${cron.length}.`;
  const given = cron.split(/\s+/).filter((text) => text !== "");
  if (cron.startsWith("@")) return `Names such as @daily are no schedules here. Five fields are expected: ${example}.`;
  if (given.length !== fields.length) return `Five fields are expected, and this has ${given.length}: ${example}.`;
  const wrong = fields.flatMap(({ name, may }, index) => {
    const text = given[index] ?? "";
    return isRead(text, index, now) ? [] : [`"${text.slice(0, 64)}" is no ${name}: it may be ${may}.`];
  });
  if (wrong.length > 0)
    return `${wrong.join(" ")} Each may also be * for all, a list (1,3), a range (1-3), or steps of these (*/2, 1-9/2).`;
  return dueAfter(schedule, now) !== null ? null : "This is never due: no day is like that.";
}

/** Whether this field is read when no other one is in its way. A ? would stand for the time at which it is read, another one each time. */
function isRead(text: string, index: number, now: Date): boolean {
  if (text.includes("?")) return false;
  try {
    dueAfter({ cron: fields.map((_, at) => (at === index ? text : "*")).join(" "), timeZone: "UTC" }, now);
    return true;
  } catch {
    return false;
  }
}
