/** Sending again what has ended. */
import type pg from "pg";
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { giveUpAfterHours } from "./back-off.ts";

export interface RedeliverInput {
  readonly deliveryId: string;
  readonly idempotencyKey?: string | null | undefined;
}

export interface DeliveryAnswer extends Readonly<Record<string, string>> {
  readonly deliveryId: string;
}

interface Row {
  readonly state: string;
  readonly channel: string;
  readonly targetName: string;
  readonly isThere: boolean;
}

const lockText = `SELECT d.state, d.channel, d.target_name AS "targetName", CASE d.channel
    WHEN 'WEBHOOK' THEN EXISTS (SELECT FROM webhook w WHERE w.id = d.target_id AND w.enabled)
    ELSE EXISTS (SELECT FROM user_account u WHERE u.id = d.target_id AND u.disabled_at IS NULL AND u.email IS NOT NULL) END AS "isThere"
  FROM notification_delivery d WHERE d.id = $1 FOR UPDATE OF d`;
const againText = `UPDATE notification_delivery SET state = 'PENDING', ended_at = NULL, next_attempt_at = dr_now(),
    give_up_at = dr_now() + interval '${giveUpAfterHours} hours' WHERE id = $1`;

export function redeliver(context: ServiceContext, by: Viewer, input: RedeliverInput): Promise<DeliveryAnswer> {
  const { deliveryId } = input;
  const act = async (client: pg.PoolClient) => {
    const { rows } = await client.query<Row>({ name: "delivery-lock", text: lockText, values: [deliveryId] });
    const [delivery] = rows;
    if (delivery === undefined) throw new NotFoundError("NotificationDelivery", encodeId("NotificationDelivery", deliveryId));
    if (delivery.state === "PENDING")
      throw new ConflictError("It is still being delivered.", "Wait for its next attempt, which nextAttemptAt tells.");
    if (!delivery.isThere)
      throw new ConflictError(
        `${delivery.targetName} is gone, disabled, or without an address.`,
        "Enable the webhook, or give the user an address.",
      );
    if (delivery.channel === "EMAIL" && context.notifications.smtp === null)
      throw new ConflictError("The gateway has no mail server.", "Set SMTP_URL and SMTP_FROM.");
    await client.query({ name: "delivery-again", text: againText, values: [deliveryId] });
    return [];
  };
  return mutate(context, by, { mutation: "redeliverNotification", input: { ...input }, answer: { deliveryId }, act });
}
