/** Looks again and again what is due, on one node at a time; what was found is decided by the rows. */
import type pg from "pg";
import { startTimer, type Timer, type TimerOptions } from "../../jobs/timer.ts";
import type { Drills } from "./service.ts";

export interface DrillTimerOptions extends Pick<TimerOptions, "log"> {
  readonly pool: pg.Pool;
  readonly drills: Pick<Drills, "round">;
  readonly everyMs?: number;
}

export const startDrills = ({ pool, drills, log, everyMs = 2_000 }: DrillTimerOptions): Timer =>
  startTimer({ pool, name: "drills", everyMs, firstWithinMs: everyMs, log, work: (signal) => drills.round(signal) });
