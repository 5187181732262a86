/** What is kept for a while only: events outside of runs, notifications, idempotency keys, sessions that are over, the history of lag. Removed by one node at a time. */
import type pg from "pg";
import { expireLag } from "../engine/lag/retention.ts";
import { expireEvents } from "../events/retention.ts";
import { startTimer, type Timer } from "../jobs/timer.ts";
import { expireNotifications } from "./notifications/retention.ts";

export interface HousekeepingOptions {
  readonly pool: pg.Pool;
  readonly eventRetentionDays: number;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
}

const day = 86_400;
const hourMs = 3_600_000;

/** As long as they are looked at: see idempotency.ts. */
const keysText = "DELETE FROM idempotency_key WHERE created_at <= (SELECT dr_now()) - interval '24 hours'";
/** A token that was once valid is told so for a week; afterwards it is unknown. */
const sessionsText = "DELETE FROM session WHERE LEAST(expires_at, deleted_at) < (SELECT dr_now()) - interval '7 days'";

export function startHousekeeping({ pool, eventRetentionDays, log }: HousekeepingOptions): Timer {
  return startTimer({
    pool,
    name: "housekeeping",
    everyMs: hourMs,
    firstWithinMs: 60_000,
    log,
    async work(signal) {
      const events = await expireEvents(pool, eventRetentionDays * day, signal);
      const notifications = await expireNotifications(pool, eventRetentionDays * day, signal);
      const { rowCount: idempotencyKeys } = await pool.query(keysText);
      const { rowCount: sessions } = await pool.query(sessionsText);
      const lag = await expireLag(pool, signal);
      log.info({ events, notifications, idempotencyKeys, sessions, ...lag }, "removed what is no longer kept");
    },
  });
}
