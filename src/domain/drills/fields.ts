/** A drill's own fields: what is wished of them, checked, and their defaults. */
import type { PromptAnswer } from "../../database/generated/enums.ts";
import { kept } from "../edits.ts";
import { checkInt, checkName, checkText, type FieldErrors } from "../field-errors.ts";
import { type BlackoutWindow, checkWindows } from "./blackout.ts";
import { cronProblem } from "./cron-problem.ts";
import { isTimeZone } from "./local-time.ts";
import type { DrillFields, DrillOptions } from "./rows.ts";

type Optional<T> = { readonly [Field in keyof T]?: T[Field] | null | undefined };

/** What is left out stays as it is; null is the default. */
export interface DrillWish {
  readonly name?: string | null | undefined;
  readonly cron?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  readonly options?: Optional<DrillOptions> | null | undefined;
  readonly promptPolicy?: PromptAnswer | null | undefined;
  readonly maxDurationSeconds?: number | null | undefined;
  readonly autoCleanup?: boolean | null | undefined;
  readonly blackoutWindows?: readonly BlackoutWindow[] | null | undefined;
  readonly owner?: string | null | undefined;
  readonly maxLagMinutes?: number | null | undefined;
  readonly notes?: string | null | undefined;
  readonly enabled?: boolean | null | undefined;
}

const defaultOptions: DrillOptions = { powerOnVms: true, runScripts: true, syncData: true };

/** Without name and schedule, which it needs. */
export const newDrill = (owner: string): DrillFields => ({
  name: "",
  cron: "",
  timeZone: "",
  options: defaultOptions,
  promptPolicy: "CONTINUE",
  maxDurationSeconds: 14_400,
  autoCleanup: true,
  blackoutWindows: [],
  owner,
  maxLagMinutes: null,
  notes: "",
  enabled: true,
});

export function withWish(there: DrillFields, wish: DrillWish, me: string): DrillFields {
  const fallback = newDrill(me);
  const options = wish.options === null ? defaultOptions : (wish.options ?? {});
  return {
    name: wish.name?.trim() ?? there.name,
    cron: wish.cron?.trim() ?? there.cron,
    timeZone: wish.timeZone ?? there.timeZone,
    options: {
      powerOnVms: kept(options.powerOnVms, there.options.powerOnVms, true),
      runScripts: kept(options.runScripts, there.options.runScripts, true),
      syncData: kept(options.syncData, there.options.syncData, true),
    },
    promptPolicy: kept(wish.promptPolicy, there.promptPolicy, fallback.promptPolicy),
    maxDurationSeconds: kept(wish.maxDurationSeconds, there.maxDurationSeconds, fallback.maxDurationSeconds),
    autoCleanup: kept(wish.autoCleanup, there.autoCleanup, fallback.autoCleanup),
    blackoutWindows: kept(wish.blackoutWindows, there.blackoutWindows, fallback.blackoutWindows),
    owner: kept(wish.owner?.trim(), there.owner, fallback.owner),
    maxLagMinutes: kept(wish.maxLagMinutes, there.maxLagMinutes, null),
    notes: kept(wish.notes, there.notes, ""),
    enabled: kept(wish.enabled, there.enabled, true),
  };
}

const longestSeconds = 604_800;
const longestLagMinutes = 10_080;

/** Of the drill as it is wished. */
export function checkDrill(errors: FieldErrors, wish: DrillWish, fields: DrillFields, now: Date): void {
  for (const field of ["name", "cron", "timeZone"] as const)
    if (wish[field] === null) errors.add([field], "A drill has one; leave the field out to keep it.");
  if (wish.name !== null) checkName(errors, ["name"], fields.name);
  const zoned = isTimeZone(fields.timeZone);
  if (!zoned)
    errors.add(["timeZone"], `"${fields.timeZone.slice(0, 64)}" is no time zone of the IANA's tables, such as Europe/Berlin or UTC.`);
  // Whether a schedule can be read is the same in every zone.
  const problem = cronProblem({ cron: fields.cron, timeZone: zoned ? fields.timeZone : "UTC" }, now);
  if (problem !== null) errors.add(["cron"], problem);
  checkInt(errors, ["maxDurationSeconds"], wish.maxDurationSeconds, 60, longestSeconds);
  checkInt(errors, ["maxLagMinutes"], wish.maxLagMinutes, 1, longestLagMinutes);
  checkWindows(errors, ["blackoutWindows"], wish.blackoutWindows ?? []);
  if (typeof wish.owner === "string") checkName(errors, ["owner"], wish.owner);
  checkText(errors, ["notes"], wish.notes, 4_096);
}
