import { builder } from "../builder.ts";
import { tellers, toldKinds } from "./kinds/index.ts";

export const NotificationKindRef = builder.enumType("NotificationKind", {
  description: "What is told by webhooks and e-mail. Expect kinds that are added later.",
  values: Object.fromEntries(toldKinds.map((kind) => [kind, { value: kind, description: tellers[kind].description }])),
});

export const NotificationChannelRef = builder.enumType("NotificationChannel", {
  description: "How something is told. Expect channels that are added later.",
  values: {
    WEBHOOK: { description: "A signed HTTP request to another system." },
    EMAIL: { description: "An e-mail to a local user." },
  } as const,
});

export const DeliveryStateRef = builder.enumType("NotificationDeliveryState", {
  description: "How far a delivery is.",
  values: {
    PENDING: { description: "It is due, under way, or waits for its next attempt." },
    DELIVERED: { description: "The receiver has taken it: status 200 to 299, or the mail server's 250." },
    FAILED: { description: "It was given up: after 24 hours of attempts, or at once where the mail server refused it for good." },
    CANCELLED: { description: "It was not sent: its webhook was disabled or deleted, or its user has gone." },
  } as const,
});
