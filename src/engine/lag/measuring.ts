/** The lag is measured every so often, by one node at a time. */
import type pg from "pg";
import { startTimer, type Timer } from "../../jobs/timer.ts";
import { measureLag } from "./measure.ts";

export interface MeasuringOptions {
  readonly pool: pg.Pool;
  /** After a commit: something has changed. Wakes its readers; a hint only. */
  readonly announce: () => void;
  readonly log: { warn(details: object, message: string): void };
}

/** Replication cycles are no closer than that either. */
const everyMs = 30_000;
/** A tenth of the time: with tens of thousands of groups it comes less often, and measures the same. */
const restTimes = 9;
export const startMeasuring = ({ pool, announce, log }: MeasuringOptions): Timer =>
  startTimer({
    pool,
    name: "lag",
    everyMs,
    restTimes,
    firstWithinMs: 5_000,
    log,
    async work(signal) {
      if ((await measureLag(pool, signal)) > 0) announce();
    },
  });
