/**
 * Tells people and systems what happens. Every node runs one: it reads the log into deliveries, and sends those that are due. The log's
 * wake-ups make it fast, and their pulse of a second finds what they missed and what is due again.
 */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { WakeUps } from "../../events/wake-ups.ts";
import { type Claimed, cancel, claimDue, putBack, settle } from "./deliveries.ts";
import type { SendEmail } from "./email-channel.ts";
import { fanOut } from "./fan-out.ts";
import { failure, noMailServer, type Outcome } from "./outcome.ts";
import type { SendWebhook } from "./webhook-channel.ts";

export interface NotifierOptions {
  readonly pool: pg.Pool;
  readonly wakeUps: Pick<WakeUps, "on">;
  readonly sendWebhook: SendWebhook;
  /** Null: there is no mail server. E-mails that are written already wait for one, and say so. */
  readonly sendEmail: SendEmail | null;
  /** Deliveries under way at once. */
  readonly slots?: number;
  /** Least time between two looks: what a busy run costs the database. */
  readonly pauseMs?: number;
  readonly random?: () => number;
  readonly log: { warn(details: object, message: string): void };
}

export interface Notifier {
  /** Attempts under way are broken off, and due again on another node. */
  close(): Promise<void>;
}

export function startNotifier(options: NotifierOptions): Notifier {
  const { pool, wakeUps, sendEmail, slots = 8, pauseMs = 250, log } = options;
  const stop = new AbortController();
  const sending = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let filling: Promise<void> | null = null;
  let more = false;
  let again = false;
  let failures = 0;

  const look = async () => {
    while (await fanOut(pool, { email: sendEmail !== null }));
    fill();
  };
  /** As one ends the next is claimed, without a pause: a receiver's thousand must not take as many pauses. */
  const fill = () => {
    more = true;
    filling ??= claimAll().catch((error: unknown) => {
      filling = null;
      if (!stop.signal.aborted) log.warn({ err: error }, "deliveries can't be claimed; it is tried again");
    });
  };
  const claimAll = async () => {
    while (more && sending.size < slots && !stop.signal.aborted) {
      more = false;
      for (const delivery of await claimDue(pool, slots - sending.size)) {
        more = true;
        track(deliver(options, delivery, stop.signal));
      }
    }
    filling = null;
  };
  const track = (work: Promise<void>) => {
    const done = work
      .catch((error: unknown) => log.warn({ err: error }, "how a notification's delivery ended can't be written; it is tried again"))
      .finally(() => {
        sending.delete(done);
        fill();
      });
    sending.add(done);
  };
  const turn = async () => {
    while (again && !stop.signal.aborted) {
      again = false;
      await look().then(
        () => {
          failures = 0;
        },
        (error: unknown) => {
          if (failures++ === 0 && !stop.signal.aborted)
            log.warn({ err: error }, "notifications can't be read; it is tried again until they can");
        },
      );
      await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => {});
    }
    looking = null;
  };
  const wake = () => {
    again = true;
    if (!stop.signal.aborted) looking ??= turn();
  };

  const stopListening = wakeUps.on("dr_events", wake);
  wake();
  return {
    async close() {
      stopListening();
      stop.abort();
      await looking;
      await filling;
      await Promise.all(sending);
    },
  };
}

async function deliver({ pool, random = Math.random, ...channels }: NotifierOptions, delivery: Claimed, stop: AbortSignal): Promise<void> {
  const attempt = attemptOf(channels, delivery, stop);
  if (attempt === null) return cancel(pool, delivery, "Its receiver is gone, or wants nothing any more.");
  const outcome = await attempt;
  if (stop.aborted && !outcome.delivered) return putBack(pool, delivery);
  await settle(pool, delivery, outcome, random());
}

function attemptOf(
  { sendWebhook, sendEmail }: Pick<NotifierOptions, "sendWebhook" | "sendEmail">,
  delivery: Claimed,
  stop: AbortSignal,
): Promise<Outcome> | null {
  const { url, secrets, email, deliveryId } = delivery;
  if (url !== null && secrets !== null) return sendWebhook({ url, secrets }, delivery, stop);
  if (email !== null) return sendEmail?.(email, delivery, deliveryId, stop) ?? Promise.resolve(failure(noMailServer));
  return null;
}
