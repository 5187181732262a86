import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedOne, type Gate } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";
import { settingsOf } from "./service-settings.ts";
import type { DeliveryRow } from "./types-delivery.ts";
import { webhooksWithIds } from "./webhook-rows.ts";

export type WebhookOrderField = "NAME" | "CREATED_AT";
export interface WebhookFilter {
  readonly name?: string | null | undefined;
}

const webhooks: Source<WebhookOrderField, WebhookFilter, never> = {
  name: "webhooks",
  columns: "w.id",
  from: "webhook w",
  id: "w.id",
  orders: {
    NAME: { expression: "lower(w.name)", type: "text" },
    CREATED_AT: { expression: "w.created_at", type: "timestamptz" },
  },
  conditions: [{ type: "text", sql: (name) => `w.name ILIKE ${name}`, value: ({ name }) => nameLike(name) }],
  parents: {},
};

export type DeliveryOrderField = "CREATED_AT";
export interface DeliveryFilter {
  readonly state?: string | null | undefined;
  readonly channel?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly targetId?: string | null | undefined;
}

const deliveries: Source<DeliveryOrderField, DeliveryFilter, never> = {
  name: "deliveries",
  columns: "d.id",
  from: "notification_delivery d JOIN notification n ON n.id = d.notification_id",
  id: "d.id",
  orders: { CREATED_AT: { expression: "d.created_at", type: "timestamptz" } },
  conditions: [
    { type: "text", sql: (state) => `d.state::text = ${state}`, value: ({ state }) => state },
    { type: "text", sql: (channel) => `d.channel::text = ${channel}`, value: ({ channel }) => channel },
    { type: "text", sql: (kind) => `n.kind::text = ${kind}`, value: ({ kind }) => kind },
    { type: "uuid", sql: (target) => `d.target_id = ${target}`, value: ({ targetId }) => targetId },
  ],
  parents: {},
};

const deliveryText = `SELECT d.id, d.notification_id AS "notificationId", n.kind, n.occurred_at AS "occurredAt",
    n.content->>'title' AS title, n.content->>'message' AS message, d.channel, d.target_id AS "targetId", d.target_name AS "targetName", d.state,
    d.attempts, d.last_attempt_at AS "lastAttemptAt", d.last_status AS "lastStatus", d.last_error AS "lastError",
    d.next_attempt_at AS "nextAttemptAt", d.created_at AS "createdAt", d.ended_at AS "endedAt"
  FROM notification_delivery d JOIN notification n ON n.id = d.notification_id WHERE d.id = ANY($1::uuid[])`;

export function openNotificationLoaders({ pool }: Pick<Database, "pool">) {
  const webhook = batchedOne(
    (ids) => webhooksWithIds(pool, ids),
    ({ id }) => id,
  );
  const delivery = batchedOne(
    (ids) => queryRows<DeliveryRow>(pool, { name: "deliveries-by-id", text: deliveryText, values: [ids] }),
    ({ id }) => id,
  );
  const notificationSettings = batchedOne(
    (ids) => settingsOf(pool, ids),
    ({ id }) => id,
  );
  const webhookList = openList(pool, webhooks, { field: "NAME", direction: "ASC", filter: {} });
  const deliveryList = openList(pool, deliveries, { field: "CREATED_AT", direction: "DESC", filter: {} });
  return (gate: Gate) => ({
    webhook: webhook.loader(gate),
    delivery: delivery.loader(gate),
    notificationSettings: notificationSettings.loader(gate),
    webhookList: webhookList(gate),
    deliveryList: deliveryList(gate),
  });
}
