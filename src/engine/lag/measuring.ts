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
/** A timer's lock is a transaction's, which must not stand idle for longer than two seconds. */
const atOnceMs = 500;

export function startMeasuring({ pool, announce, log }: MeasuringOptions): Timer {
  const timer = startTimer({
    pool,
    name: "lag",
    everyMs,
    firstWithinMs: 5_000,
    log,
    async work(signal) {
      const { changes, behind } = await measureLag(pool, atOnceMs);
      if (changes > 0) announce();
      if (behind) setTimeout(() => goOn(signal), 10).unref();
    },
  });
  const goOn = (signal: AbortSignal) => {
    if (!signal.aborted) timer.run().catch((error: unknown) => log.warn({ err: error }, "the lag is caught up with later"));
  };
  return timer;
}
