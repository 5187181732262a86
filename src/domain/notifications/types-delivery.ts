/** The log of deliveries, for administrators. */
import type { NotificationChannel, NotificationDeliveryState } from "../../database/generated/enums.ts";
import { UserRef } from "../access/types-user.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { holds } from "../viewer.ts";
import type { ToldKind } from "./kinds/index.ts";
import { DeliveryStateRef, NotificationChannelRef, NotificationKindRef } from "./types-enums.ts";
import { WebhookRef } from "./types-webhook.ts";

export interface DeliveryRow {
  readonly id: string;
  readonly notificationId: string;
  readonly kind: ToldKind;
  readonly occurredAt: Date;
  readonly title: string;
  readonly message: string;
  readonly channel: NotificationChannel;
  readonly targetId: string;
  readonly targetName: string;
  readonly state: NotificationDeliveryState;
  readonly attempts: number;
  readonly lastAttemptAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export const DeliveryRef = builder.objectRef<DeliveryRow>("NotificationDelivery");

builder.node(DeliveryRef, {
  description:
    "One notification to one webhook or user, and how far it is. Kept as long as events (EVENT_RETENTION_DAYS). `node` finds it for the role ADMIN alone.",
  id: { resolve: ({ id }) => id, description: "Global id of the delivery." },
  loadManyWithoutCache: async (ids, { viewer, loaders }) =>
    viewer !== null && holds(viewer, "ADMIN") ? copies(loaders.delivery.loadMany(ids)) : ids.map(() => null),
  fields: (t) => ({
    kind: t.expose("kind", { type: NotificationKindRef, description: "What is told." }),
    eventId: t.string({
      description: "The same for every receiver and every attempt: `id` of a webhook's body, and its header dr-gateway-event-id.",
      resolve: ({ notificationId }) => notificationId,
    }),
    title: t.exposeString("title", { description: "What is told, in a line." }),
    message: t.exposeString("message", { description: "What is told, in sentences." }),
    occurredAt: t.expose("occurredAt", { type: "DateTime", description: "When it happened." }),
    channel: t.expose("channel", { type: NotificationChannelRef, description: "How it is told." }),
    targetName: t.exposeString("targetName", { description: "Name of the webhook or user when it was written." }),
    webhook: t.field({
      type: WebhookRef,
      nullable: true,
      description: "Where it goes; null: it is an e-mail, or the webhook is deleted.",
      resolve: ({ channel, targetId }, _args, { loaders }) => (channel === "WEBHOOK" ? loaders.webhook.load(targetId) : null),
    }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: "Who is told; null: it goes to a webhook.",
      resolve: ({ channel, targetId }, _args, { loaders }) => (channel === "EMAIL" ? loaders.user.load(targetId) : null),
    }),
    state: t.expose("state", { type: DeliveryStateRef, description: "How far it is." }),
    attempts: t.exposeInt("attempts", { description: "How often it was sent so far, with the attempt that is under way." }),
    lastAttemptAt: t.expose("lastAttemptAt", { type: "DateTime", nullable: true, description: "When it was last sent; null: not yet." }),
    lastStatus: t.exposeInt("lastStatus", {
      nullable: true,
      description: "Status that the last attempt was answered with, by HTTP or the mail server; null: there was no answer.",
    }),
    lastError: t.exposeString("lastError", { nullable: true, description: "Why the last attempt failed; null: it did not." }),
    nextAttemptAt: t.expose("nextAttemptAt", {
      type: "DateTime",
      nullable: true,
      description: "When it is due; during an attempt, when that counts as lost. Null: it has ended.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was written." }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it was delivered, given up or cancelled." }),
  }),
});

export const DeliveryConnection = builder.connectionObject(
  { type: DeliveryRef, name: "NotificationDeliveryConnection", description: "A page of deliveries." },
  { name: "NotificationDeliveryEdge", description: "A delivery in a page." },
);
