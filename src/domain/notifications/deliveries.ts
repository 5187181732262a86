/**
 * Deliveries as a queue: claimed rows in the table itself, so that the log of deliveries and the queue can't disagree. A claim is a lease
 * by the database's clock; what a node that died had claimed is due again when that has run out, so a receiver may get the same twice.
 */
import type pg from "pg";
import { v4 as newClaim } from "uuid";
import type { NotificationChannel } from "../../database/generated/enums.ts";
import { giveUpAfterHours, waitSeconds } from "./back-off.ts";
import type { Notification } from "./content.ts";
import type { Outcome } from "./outcome.ts";

type Pool = Pick<pg.Pool, "query">;

/** Longer than any attempt takes. */
export const leaseSeconds = 60;

export interface Claimed extends Notification {
  readonly deliveryId: string;
  readonly claim: string;
  readonly channel: NotificationChannel;
  /** Since it was first due, or was delivered again. */
  readonly triedForSeconds: number;
  /** Null: the target is gone, or wants nothing any more. */
  readonly url: string | null;
  readonly secrets: readonly string[] | null;
  readonly email: string | null;
}

/** $1 how many, $2 claim. A target gets one at a time, in the order of the events: one that does not answer holds up itself alone. Two bounds of time are few rows to the planner. */
const claimText = `WITH busy AS (
    SELECT DISTINCT channel, target_id FROM notification_delivery WHERE next_attempt_at > (SELECT dr_now()) AND next_attempt_at < (SELECT timestamptz 'infinity') AND claim IS NOT NULL
  ), due AS (
    SELECT DISTINCT ON (d.channel, d.target_id) d.id, d.next_attempt_at FROM notification_delivery d JOIN notification n ON n.id = d.notification_id
    WHERE d.next_attempt_at > (SELECT timestamptz '-infinity') AND d.next_attempt_at <= (SELECT dr_now()) AND NOT EXISTS (SELECT FROM busy b WHERE b.channel = d.channel AND b.target_id = d.target_id)
    ORDER BY d.channel, d.target_id, n.position, d.id
  ), taken AS (
    SELECT d.id FROM notification_delivery d JOIN due ON due.id = d.id WHERE d.next_attempt_at <= dr_now()
    ORDER BY due.next_attempt_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED
  ), claimed AS (
    UPDATE notification_delivery d SET claim = $2, attempts = attempts + 1, last_attempt_at = dr_now(),
      next_attempt_at = dr_now() + interval '${leaseSeconds} seconds'
    FROM taken WHERE d.id = taken.id RETURNING d.*
  )
  SELECT c.id AS "deliveryId", c.claim, c.channel, n.id, n.kind, n.occurred_at AS "occurredAt", n.content,
    extract(epoch FROM dr_now() - c.give_up_at + interval '${giveUpAfterHours} hours')::float8 AS "triedForSeconds",
    w.url, array_remove(ARRAY[w.secret, CASE WHEN w.previous_secret_until > dr_now() THEN w.previous_secret END], NULL) AS secrets, u.email
  FROM claimed c JOIN notification n ON n.id = c.notification_id
  LEFT JOIN webhook w ON c.channel = 'WEBHOOK' AND w.id = c.target_id AND w.enabled
  LEFT JOIN user_account u ON c.channel = 'EMAIL' AND u.id = c.target_id AND u.disabled_at IS NULL`;

export async function claimDue(pool: Pool, count: number): Promise<Claimed[]> {
  return (await pool.query<Claimed>({ name: "delivery-claim", text: claimText, values: [count, newClaim()] })).rows;
}

/** $1 delivery, $2 claim, $3 state, $4 status, $5 error. */
const endText = `UPDATE notification_delivery SET state = $3::"NotificationDeliveryState", last_status = $4, last_error = $5, claim = NULL,
    next_attempt_at = NULL, ended_at = dr_now() WHERE id = $1 AND claim = $2`;
/** $3 seconds to the next attempt, which is the last one at the time of giving up; after that it has failed. */
const laterText = `UPDATE notification_delivery SET last_status = $4, last_error = $5, claim = NULL,
    state = CASE WHEN give_up_at <= dr_now() THEN 'FAILED'::"NotificationDeliveryState" ELSE state END,
    ended_at = CASE WHEN give_up_at <= dr_now() THEN dr_now() END,
    next_attempt_at = CASE WHEN give_up_at > dr_now() THEN LEAST(give_up_at, dr_now() + make_interval(secs => $3::float8)) END
  WHERE id = $1 AND claim = $2`;

/** Nothing, where the claim was lost meanwhile: to another node, or because the delivery was cancelled. */
export async function settle(pool: Pool, delivery: Claimed, outcome: Outcome, random: number): Promise<void> {
  const { deliveryId, claim, triedForSeconds } = delivery;
  if (outcome.delivered) return end(pool, delivery, "DELIVERED", outcome.status, null);
  const { status, error, permanent, retryAfterSeconds } = outcome;
  if (permanent) return end(pool, delivery, "FAILED", status, error);
  const values = [deliveryId, claim, waitSeconds(triedForSeconds, random, retryAfterSeconds), status, error];
  await pool.query({ name: "delivery-later", text: laterText, values });
}

export const cancel = (pool: Pool, delivery: Claimed, why: string): Promise<void> => end(pool, delivery, "CANCELLED", null, why);

async function end(
  pool: Pool,
  { deliveryId, claim }: Claimed,
  state: "DELIVERED" | "FAILED" | "CANCELLED",
  status: number | null,
  error: string | null,
): Promise<void> {
  await pool.query({ name: "delivery-end", text: endText, values: [deliveryId, claim, state, status, error] });
}

/** The node stops: it was sent or not, and is due again at once. */
export async function putBack(pool: Pool, { deliveryId, claim }: Claimed): Promise<void> {
  const text = "UPDATE notification_delivery SET claim = NULL, next_attempt_at = dr_now() WHERE id = $1 AND claim = $2";
  await pool.query({ name: "delivery-put-back", text, values: [deliveryId, claim] });
}
